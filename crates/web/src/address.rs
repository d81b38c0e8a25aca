//! Where a request comes from, for what is counted by address. It proves nothing about who asks.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;

/// The address that a request comes from; none where the router is called without a connection.
///
/// A peer in a private network is taken for the proxy that the server stands behind, which appends the address of its
/// own caller to `x-forwarded-for`: its last entry counts, and what stands before it anyone may have written. Of an IPv6
/// address the network counts, for a customer has 2^64 of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl<S: Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Self(peer.map(|peer| counted(client(peer, &parts.headers)))))
    }
}

fn client(peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    let last = forwarded.and_then(|list| list.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    last.filter(|_| is_private(peer)).unwrap_or(peer)
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        counted(client(peer.parse().unwrap(), &headers)).to_string()
    }

    #[test]
    fn a_proxy_is_believed_and_a_stranger_is_not() {
        assert_eq!(told("203.0.113.7", &[]), "203.0.113.7");
        assert_eq!(told("203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
        assert_eq!(told("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(told("10.0.0.2", &["6.6.6.6, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(told("::1", &["6.6.6.6", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(told("10.0.0.2", &["198.51.100.1, nonsense"]), "10.0.0.2");
    }

    #[test]
    fn an_address_is_counted_by_its_network() {
        assert_eq!(told("2001:db8:1:2:3:4:5:6", &[]), "2001:db8:1:2::");
        assert_eq!(told("::ffff:203.0.113.7", &[]), "203.0.113.7");
    }
}
