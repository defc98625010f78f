//! The one kind of endpoint that this crate accepts.

use std::{fmt, net::SocketAddr, str::FromStr};

use crate::LocalError;

/// The address of a plain HTTP server on this machine. A value of this type is proof that nothing leaves the machine:
/// there is no way to make one from any other address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Loopback(SocketAddr);

impl Loopback {
    /// Accepts `address` if it is one of this machine only.
    pub fn new(address: SocketAddr) -> Result<Self, LocalError> {
        if address.ip().is_loopback() { Ok(Self(address)) } else { Err(LocalError::NotLoopback(address.to_string())) }
    }

    /// `127.0.0.1` with this port.
    pub fn port_of(port: u16) -> Self {
        Self(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// A port that nobody listens on at this moment. Somebody else may take it before its user does, so the user has to
    /// cope with that.
    pub fn free() -> Result<Self, LocalError> {
        let listener =
            std::net::TcpListener::bind(("127.0.0.1", 0)).map_err(|e| LocalError::io("find a free port", e))?;
        let address = listener.local_addr().map_err(|e| LocalError::io("find a free port", e))?;
        Self::new(address)
    }

    /// Address and port.
    pub fn address(self) -> SocketAddr {
        self.0
    }

    /// The port alone.
    pub fn port(self) -> u16 {
        self.0.port()
    }

    /// As AWS clients want it: `http://127.0.0.1:4566`.
    pub fn url(self) -> String {
        format!("http://{}", self.0)
    }
}

impl fmt::Display for Loopback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for Loopback {
    type Err = LocalError;

    /// Reads `http://127.0.0.1:4566` or `127.0.0.1:4566`; host names are refused, whatever they resolve to.
    fn from_str(text: &str) -> Result<Self, LocalError> {
        let refused = || LocalError::NotLoopback(text.to_owned());
        let bare = text.strip_prefix("http://").unwrap_or(text);
        let bare = bare.strip_suffix('/').unwrap_or(bare);
        Self::new(bare.parse().map_err(|_| refused())?).map_err(|_| refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_endpoints() {
        for good in ["http://127.0.0.1:4566", "127.0.0.1:1", "http://127.0.0.1:4566/", "http://[::1]:80"] {
            assert!(good.parse::<Loopback>().is_ok(), "{good}");
        }
        for bad in [
            "https://iam.amazonaws.com",
            "http://10.0.0.1:4566",
            "http://localhost:4566",
            "http://127.0.0.1.example.com:80",
            "http://0.0.0.0:4566",
            "http://127.0.0.1",
            "",
        ] {
            assert!(bad.parse::<Loopback>().is_err(), "{bad}");
        }
    }
}
