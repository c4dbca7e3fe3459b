//! The company's contact groups.

/// Group of account customers.
pub const CUSTOMERS: u64 = 101;
/// Another group of account customers.
pub const TRADE_ACCOUNTS: u64 = 102;
/// Group of site contacts.
pub const SITES: u64 = 103;
/// A group that takes no part.
pub const SUPPLIERS: u64 = 104;
/// Another group that takes no part.
pub const LEADS: u64 = 105;
