//! From an accepted connection to the requests inside its tunnel.
//!
//! [`connect`] reads the CONNECT, [`tls`] opens the TLS inside it, and here the requests are read one
//! after the other, each handed to [`exchange`] and answered.

pub mod connect;
pub mod tls;

use crate::drain::Stopping;
use crate::exchange::{self, Turn};
use crate::gate::Core;
use crate::http1::Connection;
use crate::http1::connection::Arrival;
use crate::refusal::Refusal;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;

/// Serves one client connection until it ends.
pub async fn serve(core: Arc<Core>, tcp: TcpStream, source: SocketAddr, mut stopping: Stopping) {
    let _ = tcp.set_nodelay(true);
    // Until the tunnel stands there is no request to wait for, so a stop ends it at any step.
    let tunnel = tokio::select! {
        biased;
        tunnel = open(&core, tcp, source) => tunnel,
        () = stopping.requested() => None,
    };
    if let Some(tunnel) = tunnel {
        requests(&core, tunnel, stopping).await;
    }
}

/// A tunnel whose requests may be read; `None` when the connection is over.
async fn open(core: &Arc<Core>, tcp: TcpStream, source: SocketAddr) -> Option<tls::Tunnel> {
    let opened = connect::open(core, tcp, source).await?;
    let mut tunnel = tls::terminate(core, opened).await?;
    match tunnel.misdirected.take() {
        None => Some(tunnel),
        Some(refusal) => {
            turn_away(core, tunnel, refusal).await;
            None
        }
    }
}

async fn requests(core: &Arc<Core>, tunnel: tls::Tunnel, mut stopping: Stopping) {
    let tls::Tunnel { mut connection, facts, .. } = tunnel;
    loop {
        let ready = tokio::select! {
            biased;
            ready = connection.ready() => ready,
            () = stopping.requested() => Ok(false),
        };
        match ready {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                tls::note_broken(core, &facts, &error);
                return;
            }
        }
        let mut turn = Turn::begin(core, &facts);
        let mut answer = match connection.head().await {
            Ok(Arrival::Closed) => break,
            Ok(Arrival::Head(head)) => exchange::exchange(&mut turn, &mut connection, &head).await,
            Err(refusal) => turn.refuse(refusal, true),
        };
        answer.close |= stopping.is_requested();
        if connection.answer(&answer).await.is_err() || answer.close {
            break;
        }
    }
    connection.end().await;
}

/// Answers the first request of a tunnel that names another host, whatever it is, and ends.
async fn turn_away(core: &Arc<Core>, mut tunnel: tls::Tunnel, refusal: Refusal) {
    let turn = Turn::begin(core, &tunnel.facts);
    let answer = turn.refuse(refusal, true);
    if matches!(tunnel.connection.ready().await, Ok(true)) {
        let _ = tunnel.connection.answer(&answer).await;
    }
    tunnel.connection.end().await;
}

/// The plain connection of a client, before and during its CONNECT.
pub type Plain = Connection<TcpStream>;
