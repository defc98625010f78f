//! The engine against a simulated AWS: what plays the state machine, and what must hold afterwards.
