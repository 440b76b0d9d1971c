//! One request, from head to answer. **Read this first**: the order of these steps is the security
//! argument, and each step takes what only the step before it can make.
//!
//! ```text
//! head ─▶ decide ─▶ Permit ─▶ read body, inspect ─▶ Cleared ─▶ record ─▶ Recorded ─▶ send ─▶ answer
//!            └──────────────┴──── Refusal ◀─────────────┴──────────┘
//! ```
//! Before `record` has returned, not one byte of the request has been written to the upstream; the
//! connection to it may be up, because its verified certificate belongs in the record.

mod inspection;
mod turn;

pub use turn::{TunnelFacts, Turn};

use crate::audit::{self, OutcomeResult};
use crate::decide::decide;
use crate::facts::RequestFacts;
use crate::http1::{Connection, Head};
use crate::inspect::Cleared;
use crate::refusal::{Code, Refusal};
use crate::respond::Answer;
use tokio::io::{AsyncRead, AsyncWrite};

/// Answers one request. Whatever happens, there is an answer, and a record of it.
pub async fn exchange<S>(turn: &mut Turn<'_>, connection: &mut Connection<S>, head: &Head) -> Answer
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    turn.saw(head);
    let answered = match clear(turn, connection, head).await {
        Ok(cleared) => leave(turn, cleared).await,
        Err(refusal) => Err(refusal),
    };
    match answered {
        Ok(answer) => Answer { close: !head.keep_alive, ..answer },
        // A body that was not read to its end cannot be told from the next request.
        Err(refusal) => {
            let close = turn.owes_body() || !head.keep_alive || mistakes_the_tunnel(head, &refusal);
            turn.refuse(refusal, close)
        }
    }
}

/// Whether the client takes this tunnel for something else: then nothing more of it is read.
fn mistakes_the_tunnel(head: &Head, refusal: &Refusal) -> bool {
    use Code::{MalformedHost, MalformedRequest, Misdirected};
    head.method == "CONNECT" || matches!(refusal.code, MalformedHost | MalformedRequest | Misdirected)
}

/// What may leave of this request?
async fn clear<S>(
    turn: &mut Turn<'_>,
    connection: &mut Connection<S>,
    head: &Head,
) -> Result<Cleared, Refusal>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let facts = RequestFacts::of(head, turn.host()?)?;
    // The policy is taken once: a request has one policy from here to its outcome.
    let permit = decide(&turn.core().policy, &facts)?;
    turn.matched(permit.endpoint());
    let body = connection.body(head, permit.max_body()).await?;
    turn.body_was_read();
    inspection::isolated(permit, body).await
}

/// It leaves: connect, record, send, in this order.
async fn leave(turn: &mut Turn<'_>, mut cleared: Cleared) -> Result<Answer, Refusal> {
    let core = turn.core();
    let host = cleared.permit().host().clone();
    let mut line = core.upstreams.line(&host).await?;
    loop {
        let recorded = audit::record(&core.log, cleared, turn.transaction(), line.facts()).await?;
        turn.was_recorded();
        let reused = line.is_reused();
        let sent = line.send(recorded).await;
        let unsent = sent.result == OutcomeResult::NotSent;
        let (request, answer) = turn.settle(sent);
        // A kept connection may have been closed meanwhile. Then nothing left, the log says so, and
        // another attempt is another intent, on a new connection, once.
        if !(unsent && reused) {
            return answer;
        }
        cleared = request;
        line = core.upstreams.dial(&host).await?;
    }
}
