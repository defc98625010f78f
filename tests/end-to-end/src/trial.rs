//! An account that is one of few: each keeps a core busy.

use std::ops::{Deref, DerefMut};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Field;

/// How many accounts may be up at the same time in one test binary.
static ACCOUNTS: Semaphore = Semaphore::const_new(2);

/// An account with the engine, that keeps the place of another one as long as it is up.
pub struct Trial {
    // Dropped before the permit, so that the next account starts when this one is down.
    field: Field,
    _permit: SemaphorePermit<'static>,
}

impl Deref for Trial {
    type Target = Field;

    fn deref(&self) -> &Field {
        &self.field
    }
}

impl DerefMut for Trial {
    fn deref_mut(&mut self) -> &mut Field {
        &mut self.field
    }
}

impl Trial {
    /// As [`Field::start`], as soon as there is a place.
    pub async fn start() -> Self {
        let permit = place().await;
        Self { field: Field::start().await, _permit: permit }
    }

    /// As [`Field::with`], as soon as there is a place.
    pub async fn with(parameters: &[(&str, &str)]) -> Self {
        let permit = place().await;
        Self { field: Field::with(parameters).await, _permit: permit }
    }
}

async fn place() -> SemaphorePermit<'static> {
    ACCOUNTS.acquire().await.expect("the semaphore is never closed")
}
