//! What several tests of the whole house stand on.

pub(crate) mod shop;
