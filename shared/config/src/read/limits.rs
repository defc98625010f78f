//! How much one deployment may do, and how much there may be.

use std::collections::BTreeMap;
use std::rc::Rc;

use model::Limit;
use source::{Node, Reader, Spanned};

/// The largest limit: more is none.
pub(crate) const MOST: u32 = 1_000_000;

/// The limits that `node` gives.
pub(super) fn limits(reader: &mut Reader<'_>, node: &Rc<Node>) -> BTreeMap<Limit, Spanned<u32>> {
    let Some(mut fields) = reader.fields(node, "`limits`") else { return BTreeMap::new() };
    let mut limits = BTreeMap::new();
    for limit in Limit::ALL {
        let Some(node) = reader.optional(&mut fields, limit.as_str()) else { continue };
        let most = reader.whole(node, &format!("`{}`", limit.as_str()), 0..=MOST, "");
        limits.extend(most.map(|most| (limit, Spanned::new(most, node.span))));
    }
    reader.finish(fields);
    limits
}
