//! The secrets: what each of them holds ([`BigChangeSecret`], [`XeroAppSecret`], [`XeroTokenSecret`]), and a small contract for where they are kept,
//! [`Vault`], that AWS Secrets Manager and a vault in memory keep alike.
//!
//! No error and no `Debug` output of this crate shows a value.

mod aws;
mod bigchange;
mod fields;
#[cfg(feature = "memory")]
mod memory;
mod replace;
mod vault;
mod xero;

pub use aws::SecretsManagerVault;
pub use bigchange::BigChangeSecret;
pub use fields::{MAX_SECRET_BYTES, PLACEHOLDER, SecretError};
#[cfg(feature = "memory")]
pub use memory::MemoryVault;
pub use replace::{Entered, replace};
pub use vault::{CURRENT, MAX_VERSIONS, PREVIOUS, SecretVersion, Vault, VaultError, VersionInfo};
pub use xero::{GrantType, XeroAppSecret, XeroTokenSecret};
