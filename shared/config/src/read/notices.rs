//! What somebody wants to be told, beside what the environment's record says.

use std::collections::BTreeSet;
use std::rc::Rc;

use model::Notice;
use source::{Code, Finding, Node, Reader};

/// The notices that `node` asks for. Each once: what stands there twice is a slip, and may stand for another.
pub(super) fn notices(reader: &mut Reader<'_>, node: &Rc<Node>) -> BTreeSet<Notice> {
    let words = Notice::ALL.map(|notice| (notice.as_str(), notice));
    let mut notices = BTreeSet::new();
    for item in reader.items(node, "`notifications`", "words") {
        let Some(notice) = reader.choice(item, "a notification", &words) else { continue };
        if !notices.insert(notice) {
            let message = format!("`{}` stands in `notifications` twice", notice.as_str());
            reader.add(Finding::new(Code::DuplicateItem, item.span, message).help("remove one of the two"));
        }
    }
    notices
}
