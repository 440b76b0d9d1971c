//! The system's hosts file, read apart from its resolver.
//!
//! The resolver is asked for absolute names only (`name.`), because for others it may try its search list:
//! in a Kubernetes pod `beacon.langchain.com` is first asked for as `beacon.langchain.com.<namespace>.svc…`,
//! a name of no policy (R62). Absolute names it does not find in the hosts file, so that is looked at here.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use std::net::IpAddr;

/// The addresses of `name` in the text of a hosts file (hosts(5)), in order.
pub fn addresses(text: &str, name: &str) -> Vec<IpAddr> {
    text.lines().filter_map(|line| address(line, name)).collect()
}

fn address(line: &str, name: &str) -> Option<IpAddr> {
    let mut words = line.split('#').next()?.split_ascii_whitespace();
    let address = words.next()?.parse().ok()?;
    words.any(|alias| alias.eq_ignore_ascii_case(name)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_name_are_found_and_no_others() {
        let text = "# beacon.langchain.com\n127.0.0.1 localhost\n10.0.0.1\tother Beacon.LangChain.com # note\n\
                    ::2 beacon.langchain.com\n10.0.0.3 other # beacon.langchain.com\n10.0.0.4 x.beacon.langchain.com\n\
                    nonsense beacon.langchain.com\n\n10.0.0.5";
        let found: Vec<String> =
            addresses(text, "beacon.langchain.com").iter().map(ToString::to_string).collect();
        assert_eq!(found, ["10.0.0.1", "::2"]);
    }
}
