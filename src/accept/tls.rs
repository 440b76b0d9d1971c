//! The TLS inside a tunnel: opened with a certificate for the host that the CONNECT named, never for
//! the one that the client says now.

use super::connect::Opened;
use crate::exchange::{TunnelFacts, Turn};
use crate::gate::Core;
use crate::http1::Connection;
use crate::refusal::{Code, Refusal};
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// A tunnel whose TLS is open.
#[derive(Debug)]
pub struct Tunnel {
    /// The requests inside.
    pub connection: Connection<TlsStream<TcpStream>>,
    /// Who and where.
    pub facts: TunnelFacts,
    /// Set when the SNI does not name the tunnel's host: then no request is read.
    pub misdirected: Option<Refusal>,
}

/// Opens the TLS. `None` when the connection is over; the record then says why.
pub async fn terminate(core: &Arc<Core>, opened: Opened) -> Option<Tunnel> {
    let Opened { stream, source, host } = opened;
    let mut facts = TunnelFacts { source, host: Some(host.clone()), tls: None };
    let mut misdirected = None;
    let handshake = timeout(core.limits.handshake, async {
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
        misdirected = match start.client_hello().server_name() {
            Some(name) if name.eq_ignore_ascii_case(host.as_str()) => None,
            Some(_) => Some("the SNI names another host"),
            None => Some("the TLS handshake has no SNI"),
        };
        let config = core.authority.server_config(&host).map_err(io::Error::other)?;
        start.into_stream(config).await
    });
    let handshake = handshake.await;
    let misdirected =
        misdirected.map(|what| Refusal::new(Code::Misdirected, format!("the tunnel is for {host}, {what}")));
    match (handshake, misdirected) {
        (Ok(Ok(stream)), misdirected) => {
            facts.tls = Some(version(&stream));
            let connection = Connection::new(stream, core.patience);
            Some(Tunnel { connection, facts, misdirected })
        }
        // A client that checks names ends the handshake here, with an alert that is about the wrong thing.
        (_, Some(refusal)) => {
            let _ = Turn::begin(core, &facts).refuse(refusal, true);
            None
        }
        (Ok(Err(error)), None) => {
            note_broken(core, &facts, &error);
            None
        }
        (Err(_), None) => {
            note(core, &facts, "the TLS handshake did not finish in time".to_owned());
            None
        }
    }
}

/// Records that a client broke off the TLS, where it said why: most often it does not trust the CA.
pub fn note_broken(core: &Arc<Core>, facts: &TunnelFacts, error: &io::Error) {
    use rustls::{AlertDescription, Error};
    let cause = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
    let detail = match cause {
        Some(Error::AlertReceived(
            alert @ (AlertDescription::UnknownCA
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown),
        )) => format!(
            "the client does not trust the gate's certificate (alert {alert:?}): make it trust {}",
            core.authority.ca_path().display()
        ),
        Some(Error::AlertReceived(alert)) => format!("the client ended the TLS with alert {alert:?}"),
        Some(error) => format!("the tunnel does not carry TLS as the gate speaks it: {error}"),
        None if error.kind() == io::ErrorKind::UnexpectedEof && facts.tls.is_none() => {
            "the client closed in the middle of the TLS handshake".to_owned()
        }
        None if error.kind() == io::ErrorKind::Other => format!("no certificate could be made: {error}"),
        // A connection that just ends is the everyday end of a tunnel.
        None => return,
    };
    note(core, facts, detail);
}

fn note(core: &Arc<Core>, facts: &TunnelFacts, detail: String) {
    // There is nobody to answer any more: the refusal is for the record.
    let _ = Turn::begin(core, facts).refuse(Refusal::new(Code::ClientTls, detail), true);
}

fn version(stream: &TlsStream<TcpStream>) -> &'static str {
    match stream.get_ref().1.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "unknown",
    }
}
