//! Where an endpoint is: hosts, method, path, each in its one spelling, and each route once.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::super::error::PolicyError;
use super::super::file::EndpointFile;
use super::{Compiler, Taken};
use crate::destination::Host;
use serde_saphyr::Spanned;

/// The methods that an endpoint may have, and whether a body may come with them.
const METHODS: &[(&str, bool)] =
    &[("GET", false), ("HEAD", false), ("POST", true), ("PUT", true), ("PATCH", true), ("DELETE", false)];

impl Compiler<'_> {
    pub(super) fn hosts(&self, read: &Spanned<Vec<Spanned<String>>>) -> Result<Vec<Host>, PolicyError> {
        if read.value.is_empty() {
            return Err(self
                .at(read, "no host is listed")
                .advise("add at least one, like `- beacon.langchain.com`"));
        }
        let mut hosts = Vec::new();
        for text in &read.value {
            let host = Host::parse(text.value.as_bytes()).map_err(|why| {
                self.at(text, format!("not a host name: {why}")).advise(
                    "write one exact name, like `beacon.langchain.com`: no port, no pattern, no address",
                )
            })?;
            if host.as_str() != text.value {
                return Err(self
                    .at(text, "a host name in another than its one canonical form")
                    .advise(format!("write `{host}`")));
            }
            if hosts.contains(&host) {
                return Err(self.at(text, "this host is listed a second time"));
            }
            hosts.push(host);
        }
        Ok(hosts)
    }

    pub(super) fn method(&self, method: &Spanned<String>) -> Result<bool, PolicyError> {
        let upper = method.value.to_ascii_uppercase();
        let known = METHODS.iter().find(|(name, _)| *name == upper);
        match known {
            Some((name, takes_body)) if *name == method.value => Ok(*takes_body),
            Some((name, _)) => {
                Err(self.at(method, "methods are upper case").advise(format!("write `{name}`")))
            }
            None => Err(self
                .at(method, "not a method that an endpoint may have")
                .advise("write one of GET, HEAD, POST, PUT, PATCH, DELETE")),
        }
    }

    /// A path is compared byte for byte, so it must be one that can be sent, in its only spelling.
    pub(super) fn path(&self, path: &Spanned<String>) -> Result<(), PolicyError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,=:@".contains(&b);
        let text = path.value.as_str();
        let fault = if !text.starts_with('/') {
            "a path begins with `/`"
        } else if text.contains(['?', '#']) {
            "a path ends where the query begins: list query keys under `query`"
        } else if text.contains('%') {
            "a path has one spelling, so none that is percent-encoded"
        } else if text.split('/').any(|segment| segment == "." || segment == "..") {
            "a path has no dot segments"
        } else if text.contains("//") {
            "a path has no empty segments"
        } else if !text.bytes().all(allowed) || text.len() > 512 {
            "a path is at most 512 letters, digits, and `/ - . _ ~ ! $ & ' ( ) * + , = : @`"
        } else {
            return Ok(());
        };
        Err(self.at(path, fault).advise("write the exact path, like `/v1/beacon/verify`"))
    }

    pub(super) fn unique(
        &self,
        read: &EndpointFile,
        hosts: &[Host],
        taken: &mut Taken,
    ) -> Result<(), PolicyError> {
        for host in hosts {
            let route = (host.as_str().to_owned(), read.method.value.clone(), read.path.value.clone());
            if !taken.routes.insert(route) {
                let (method, path) = (&read.method.value, &read.path.value);
                return Err(self
                    .at(&read.path, format!("a second endpoint for {method} {path} on {host}"))
                    .advise("keep one of the two: which of them decides must not depend on their order"));
            }
        }
        Ok(())
    }
}
