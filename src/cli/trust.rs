//! The lines that make a client use the gate and trust its CA.
//!
//! Which variable does what was measured with unmodified clients. The trap in it: `SSL_CERT_FILE` and its
//! kin *replace* a client's public roots, so they get a bundle of both; only Node's variable adds.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// Where the usual systems keep their roots in one file: Debian, Fedora, Alpine and macOS.
const SYSTEM_BUNDLES: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// The exact lines to export for curl, Python, Node, Java and Go, for this machine.
pub fn instructions(proxy: SocketAddr, ca: &Path) -> String {
    let ca = std::path::absolute(ca).unwrap_or_else(|_| ca.to_owned());
    let there = SYSTEM_BUNDLES.iter().find(|path| Path::new(path).exists());
    lines(proxy, &ca, there.unwrap_or(&SYSTEM_BUNDLES[0]))
}

/// The lines for a proxy, the CA's file and the file of the public roots.
pub fn lines(proxy: SocketAddr, ca: &Path, system_bundle: &str) -> String {
    let proxy = reachable(proxy);
    let (url, host, port) = (format!("http://{proxy}"), proxy.ip(), proxy.port());
    let beside = |name: &str| quoted(&ca.with_file_name(name));
    let (bundle, store, ca) = (beside("bundle.pem"), beside("cacerts"), quoted(ca));
    format!(
        r#"To send a client through the gate (the gate refuses every host that the policy does not name; NO_PROXY goes around it):

  export HTTPS_PROXY={url}

To make it trust the gate's CA. These variables replace the public roots, so they get both in one file.
Set them for the clients, not for the gate:

  cat {system_bundle} {ca} > {bundle}

  # curl
  export CURL_CA_BUNDLE={bundle}
  # Python: requests and OpenTelemetry; then httpx, aiohttp, urllib and langgraph-api
  export REQUESTS_CA_BUNDLE={bundle} OTEL_EXPORTER_OTLP_CERTIFICATE={bundle}
  export SSL_CERT_FILE={bundle}
  # Node (adds to the public roots; the second is for Node 22.21, 24 and later, before use undici's EnvHttpProxyAgent)
  export NODE_EXTRA_CA_CERTS={ca}
  export NODE_USE_ENV_PROXY=1
  # Java (ignores HTTPS_PROXY)
  install -m 0600 "$JAVA_HOME/lib/security/cacerts" {store}
  keytool -importcert -noprompt -alias beacongate -file {ca} -keystore {store} -storepass changeit
  export JAVA_TOOL_OPTIONS="-Dhttps.proxyHost={host} -Dhttps.proxyPort={port} -Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword=changeit"
  # Go
  export SSL_CERT_FILE={bundle}
"#
    )
}

/// An address that a client on this machine can use: "all addresses" is none.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+,@%:".contains(&b);
    if text.bytes().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(proxy: [u8; 4], ca: &str) -> String {
        lines(SocketAddr::from((proxy, 3128)), Path::new(ca), "/etc/ssl/certs/ca-certificates.crt")
    }

    #[test]
    fn every_client_gets_its_lines() {
        let text = shown([127, 0, 0, 1], "/srv/gate/certs/ca.pem");
        for line in [
            "export HTTPS_PROXY=http://127.0.0.1:3128",
            "cat /etc/ssl/certs/ca-certificates.crt /srv/gate/certs/ca.pem > /srv/gate/certs/bundle.pem",
            "export CURL_CA_BUNDLE=/srv/gate/certs/bundle.pem",
            "export REQUESTS_CA_BUNDLE=/srv/gate/certs/bundle.pem",
            "export SSL_CERT_FILE=/srv/gate/certs/bundle.pem",
            "export NODE_EXTRA_CA_CERTS=/srv/gate/certs/ca.pem",
            "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=3128 -Djavax.net.ssl.trustStore=/srv/gate/certs/cacerts",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(!text.contains("SSL_CERT_FILE=/srv/gate/certs/ca.pem"), "it would replace the public roots");
    }

    #[test]
    fn a_gate_on_all_addresses_is_reached_on_loopback() {
        assert!(shown([0, 0, 0, 0], "/ca.pem").contains("HTTPS_PROXY=http://127.0.0.1:3128"));
        let v6 =
            lines("[::]:3128".parse().unwrap_or(SocketAddr::from(([9; 4], 9))), Path::new("/ca.pem"), "/b");
        assert!(v6.contains("HTTPS_PROXY=http://[::1]:3128"), "{v6}");
    }

    #[test]
    fn a_path_stays_one_word() {
        let text = shown([127, 0, 0, 1], "/srv/my gate/$(x)/it's/ca.pem");
        assert!(text.contains(r"export NODE_EXTRA_CA_CERTS='/srv/my gate/$(x)/it'\''s/ca.pem'"), "{text}");
    }
}
