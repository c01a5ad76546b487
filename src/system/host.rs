//! Reads the host that an HTTP request names.
//!
//! Invariant: text that is more than a name or an address and a port names no host.

/// The name or the address of a host, without its port; `None` if something other than a port follows it.
pub fn name_of_host(host: &str) -> Option<&str> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(address, _port)| address.contains(':'))?,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_port_may_follow_a_host() {
        for (host, name) in [
            ("nas.local", Some("nas.local")),
            ("localhost:8431", Some("localhost")),
            ("127.0.0.1:", Some("127.0.0.1")),
            ("[::1]:8431", Some("::1")),
            ("[::1]", Some("::1")),
            ("", Some("")),
            ("localhost:80@evil.example", None),
            ("[::1].evil.example", None),
            ("[nas.local]", None),
            ("[::1", None),
        ] {
            assert_eq!(name_of_host(host), name, "{host:?}");
        }
    }
}
