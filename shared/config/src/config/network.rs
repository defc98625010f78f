//! The network that agents may be in.

use std::collections::BTreeSet;

use source::{Span, Spanned};

/// A network over two or three zones, with public and private subnets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// Where it was asked for.
    pub span: Span,
    /// Whether it is made; where not, functions and runtimes run without one.
    pub enabled: bool,
    /// Its addresses.
    pub space: Space,
    /// Its zones.
    pub zones: Spanned<Zones>,
    /// What leads from private subnets to the internet.
    pub nat: Nat,
    /// The services that are reached without the internet, by an endpoint in each zone: the last parts of their names.
    pub endpoints: BTreeSet<&'static str>,
    /// What of its traffic is noted.
    pub flow_logs: FlowLogs,
    /// Whether agents are in it that do not say.
    pub every_agent: bool,
}

/// The addresses of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Space {
    /// Those of a range.
    Cidr(Ipv4Range),
    /// Those that a pool of IPAM gives.
    Ipam {
        /// The pool.
        pool: String,
        /// How many bits of an address are the network's.
        netmask_length: u32,
    },
}

impl Space {
    /// How many bits of an address are the network's.
    pub fn netmask_length(&self) -> u32 {
        match self {
            Self::Cidr(range) => range.length,
            Self::Ipam { netmask_length, .. } => *netmask_length,
        }
    }
}

/// A range of IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv4Range {
    /// The first address.
    pub first: u32,
    /// How many bits of an address are the same in all of them.
    pub length: u32,
}

impl std::fmt::Display for Ipv4Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", core::net::Ipv4Addr::from(self.first), self.length)
    }
}

/// Which zones of the region a network is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zones {
    /// The first so many that the account may use, by name.
    First(u32),
    /// These.
    Named(Vec<String>),
}

/// What leads from private subnets to the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Nat {
    /// One gateway, in the first zone.
    #[default]
    One,
    /// A gateway in each zone.
    PerZone,
    /// Nothing.
    None,
}

/// What of a network's traffic is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlowLogs {
    /// All of it.
    All,
    /// What security groups and access lists rejected.
    #[default]
    Rejected,
    /// Nothing.
    None,
}

/// How an agent uses the network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VpcUse {
    /// The TCP ports that it may connect to within the network, besides 443 anywhere.
    pub ports: BTreeSet<u32>,
}
