//! Networks and the ways into them.

use model::{Properties, Usd};

use super::say::{Answer, HOURS, by_use, charge, free, items, standing, text, unclear, unpriced};
use super::sources::{API_GATEWAY, ENDPOINTS, LOAD_BALANCING, ROUTE_53, VPC};

const ADDRESS_HOUR: Usd = Usd(5_000);
const BALANCER_HOUR: Usd = Usd(22_500);
const ENDPOINT_HOUR: Usd = Usd(10_000);
const NAT_HOUR: Usd = Usd(45_000);

pub(super) fn api(properties: &Properties) -> Answer {
    match text(properties, "ProtocolType", "HTTP")? {
        "HTTP" => Ok(by_use(vec![charge(Usd(1_000_000), 1_000_000, "requests")], API_GATEWAY)),
        "WEBSOCKET" => Ok(by_use(vec![unpriced("messages"), unpriced("minutes of connections")], API_GATEWAY)),
        _ => Err(unclear("ProtocolType")),
    }
}

pub(super) fn nat_gateway(properties: &Properties) -> Answer {
    if text(properties, "AvailabilityMode", "zonal")? != "zonal" {
        return Err("it is charged in each zone that it extends to".to_owned());
    }
    Ok(standing(NAT_HOUR.times(HOURS), vec![charge(Usd(45_000), 1, "GB processed")], VPC))
}

pub(super) fn endpoint(properties: &Properties) -> Answer {
    let zones = || match items(properties, "SubnetIds")?.len() {
        0 => Err(unclear("SubnetIds")),
        zones => Ok(i64::try_from(zones).unwrap_or(i64::MAX)),
    };
    match text(properties, "VpcEndpointType", "Gateway")? {
        "Gateway" => free(ENDPOINTS),
        "Interface" => {
            let month = ENDPOINT_HOUR.times(HOURS).times(zones()?);
            Ok(standing(month, vec![charge(Usd(10_000), 1, "GB processed")], ENDPOINTS))
        }
        "GatewayLoadBalancer" => {
            let month = ENDPOINT_HOUR.times(HOURS).times(zones()?);
            Ok(standing(month, vec![charge(Usd(3_500), 1, "GB processed")], ENDPOINTS))
        }
        other => Err(format!("the prices of endpoints of the type `{other}` are not known")),
    }
}

pub(super) fn address(properties: &Properties) -> Answer {
    if ["PublicIpv4Pool", "IpamPoolId", "Address"].iter().any(|name| properties.get(name).is_some()) {
        return Err("it may be an address of one's own, which is not charged".to_owned());
    }
    Ok(standing(ADDRESS_HOUR.times(HOURS), Vec::new(), VPC))
}

pub(super) fn load_balancer(properties: &Properties) -> Answer {
    let kind = text(properties, "Type", "application")?;
    if kind != "application" {
        return Err(format!("the prices of load balancers of the type `{kind}` are not known"));
    }
    let addresses = match text(properties, "Scheme", "internet-facing")? {
        "internal" => 0,
        _ => match items(properties, "Subnets")?.len() {
            0 => return Err("the number of its public addresses is not known without `Subnets`".to_owned()),
            zones => i64::try_from(zones).unwrap_or(i64::MAX),
        },
    };
    let month = BALANCER_HOUR.times(HOURS) + ADDRESS_HOUR.times(HOURS).times(addresses);
    Ok(standing(month, vec![charge(Usd(8_000), 1, "hour of a capacity unit")], LOAD_BALANCING))
}

pub(super) fn hosted_zone(_: &Properties) -> Answer {
    Ok(standing(Usd(500_000), vec![charge(Usd(400_000), 1_000_000, "queries")], ROUTE_53))
}
