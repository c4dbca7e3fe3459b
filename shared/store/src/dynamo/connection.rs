//! The client, and the table that it is for.

use aws_sdk_dynamodb::Client;

/// A client for one table.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) client: Client,
    pub(super) table_name: String,
}
