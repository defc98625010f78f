//! What an agent may do with what is not data of its own, in words.

/// A use in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// Calling another agent, by its name.
    Agent(String),
    /// Calling a model of Bedrock, by its id or that of its inference profile.
    Model(String),
    /// Starting a state machine, by its ARN.
    StateMachine(String),
    /// Sending events to a bus of EventBridge, by its name or its ARN.
    EventBus(String),
    /// Using a key of KMS, by its ARN.
    Key {
        /// The key.
        arn: String,
        /// For what.
        access: KeyAccess,
    },
}

/// What a key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAccess {
    /// Reading what it encrypted.
    Decrypt,
    /// Encrypting with it.
    Encrypt,
    /// Both.
    Full,
}
