//! From a host of the policy to a TCP connection: look up once, vet every answer, connect to what
//! was vetted.

use super::address::{AddressRules, ConnectTo};
use super::hosts;
use crate::destination::{HTTPS, Host};
use crate::refusal::{Code, Refusal};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

/// The addresses that may be connected to for `host`.
///
/// # Errors
/// `upstream_dns`; `upstream_address_not_allowed` if any one answer of the look-up is not allowed.
pub async fn targets(
    host: &Host,
    connect_to: &[ConnectTo],
    rules: &AddressRules,
    patience: Duration,
) -> Result<Vec<SocketAddr>, Refusal> {
    if let Some(detour) = connect_to.iter().find(|c| c.host == *host) {
        // The operator named this place, so it is not vetted.
        return Ok(vec![detour.target]);
    }
    let found = look_up(host.as_str(), HTTPS, patience).await?;
    let answers: Vec<IpAddr> = found.iter().map(SocketAddr::ip).collect();
    rules.vet_all(&answers).map_err(|refused| {
        Refusal::new(
            Code::UpstreamAddressNotAllowed,
            format!("{host} resolves to an address that may not be connected to: {refused}"),
        )
    })?;
    Ok(found)
}

async fn look_up(name: &str, port: u16, patience: Duration) -> Result<Vec<SocketAddr>, Refusal> {
    let unknown = |why: String| Refusal::new(Code::UpstreamDns, format!("{name} does not resolve: {why}"));
    // A system without that file has no such names; a comment in another encoding hides none of them.
    let file = tokio::task::spawn_blocking(|| std::fs::read("/etc/hosts").unwrap_or_default());
    let listed = hosts::addresses(&String::from_utf8_lossy(&file.await.unwrap_or_default()), name);
    if !listed.is_empty() {
        return Ok(listed.into_iter().map(|address| SocketAddr::new(address, port)).collect());
    }
    let found: Vec<SocketAddr> = timeout(patience, lookup_host((format!("{name}."), port)))
        .await
        .map_err(|_| unknown("no answer in time".to_owned()))?
        .map_err(|e| unknown(e.to_string()))?
        .collect();
    if found.is_empty() { Err(unknown("the answer is empty".to_owned())) } else { Ok(found) }
}

/// For how many times its patience all addresses of a name are tried together: an answer can list dozens.
const ROUNDS: u32 = 3;

/// Refuses a way that leads back to the gate (R12): its own client would be itself, without end.
///
/// # Errors
/// `upstream_address_not_allowed`, with the address.
pub fn no_loop(host: &Host, targets: &[SocketAddr], own: SocketAddr) -> Result<(), Refusal> {
    let is_own = |target: &SocketAddr| {
        let any = own.ip().is_unspecified() && target.ip().is_loopback();
        target.port() == own.port() && (target.ip() == own.ip() || any)
    };
    match targets.iter().find(|target| is_own(target)) {
        None => Ok(()),
        Some(target) => Err(Refusal::new(
            Code::UpstreamAddressNotAllowed,
            format!("the way to {host} leads to {target}, where the gate itself listens: a proxy loop"),
        )),
    }
}

/// A connection to the first address that answers.
///
/// # Errors
/// `upstream_connect`, with what each address said.
pub async fn first_of(host: &Host, targets: &[SocketAddr], patience: Duration) -> Result<TcpStream, Refusal> {
    let mut said = Vec::new();
    let until = Instant::now() + patience * ROUNDS;
    for address in targets {
        if Instant::now() >= until {
            said.push("the rest was not tried".to_owned());
            break;
        }
        match timeout(patience, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => said.push(format!("{address}: {error}")),
            Err(_) => said.push(format!("{address}: no answer in {patience:?}")),
        }
    }
    Err(Refusal::new(Code::UpstreamConnect, format!("{host} cannot be reached ({})", said.join("; "))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn r12_the_gates_own_address_is_no_way_to_anybody() {
        let host = Host::parse(b"beacon.langchain.com").unwrap();
        let check =
            |target: &str, own: &str| no_loop(&host, &[target.parse().unwrap()], own.parse().unwrap());
        for (target, own) in [("127.0.0.1:3128", "127.0.0.1:3128"), ("127.0.0.1:443", "0.0.0.0:443")] {
            let refused = check(target, own).unwrap_err();
            assert_eq!(refused.code, Code::UpstreamAddressNotAllowed, "{target} {own}");
        }
        for (target, own) in [("127.0.0.1:8443", "127.0.0.1:3128"), ("192.0.2.1:443", "0.0.0.0:443")] {
            assert!(check(target, own).is_ok(), "{target} {own}");
        }
    }

    #[tokio::test]
    async fn a_name_with_many_dead_addresses_costs_a_bounded_time() {
        // A listener whose queue is full answers nobody.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(1).unwrap();
        let dead = listener.local_addr().unwrap();
        let patience = Duration::from_millis(100);
        let mut queued = Vec::new();
        while let Ok(Ok(stream)) = timeout(patience, TcpStream::connect(dead)).await {
            queued.push(stream);
        }
        let host = Host::parse(b"beacon.langchain.com").unwrap();
        let refusal = first_of(&host, &[dead; 500], patience).await.unwrap_err();
        assert_eq!(refusal.code, Code::UpstreamConnect);
        assert!(refusal.detail.matches("no answer in").count() <= ROUNDS as usize, "{}", refusal.detail);
        assert!(refusal.detail.contains("the rest was not tried"), "{}", refusal.detail);
    }
}
