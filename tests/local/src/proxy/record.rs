//! The memory of the proxy: calls, and which access key belongs to whom.

use std::{collections::HashMap, fs::File, io::Write, time::Instant};

use super::{Call, Caller, Identify};
use crate::emulator::ADMINISTRATOR;

/// A moment in the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark(pub(super) usize);

#[derive(Default)]
pub(crate) struct Record {
    pub(super) calls: Vec<Call>,
    pub(super) identify: Option<Identify>,
    pub(super) log: Option<File>,
    callers: HashMap<String, Caller>,
}

impl Record {
    /// Who signs with `key`, as far as it can be told without asking outside.
    pub(super) fn caller(&self, key: Option<&str>) -> Option<Caller> {
        match key {
            None => Some(Caller::Nobody),
            Some(ADMINISTRATOR) => Some(Caller::Administrator),
            Some(key) => self.callers.get(key).cloned(),
        }
    }

    /// Remembers whose key this is.
    pub(super) fn know(&mut self, key: &str, caller: Caller) {
        self.callers.insert(key.to_owned(), caller);
    }

    /// Enters a call that has arrived; its position is its id.
    pub(super) fn arrive(&mut self, mut call: Call) -> usize {
        let id = self.calls.len();
        call.id = id;
        self.calls.push(call);
        id
    }

    /// Notes something about a call that is under way.
    pub(super) fn amend(&mut self, id: usize, amend: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calls.get_mut(id) {
            amend(call);
        }
    }

    /// Ends a call.
    pub(super) fn end(&mut self, id: usize, status: u16, error: Option<String>) {
        let Some(call) = self.calls.get_mut(id) else { return };
        let now = Instant::now();
        call.status = Some(status);
        call.error = error;
        call.ended = Some(now);
        call.took = Some(now.duration_since(call.started));
        if let Some(log) = &mut self.log
            && let Ok(line) = serde_json::to_string(call)
        {
            // A log that cannot be written must not fail the call that it is about.
            let _ = writeln!(log, "{line}");
        }
    }
}
