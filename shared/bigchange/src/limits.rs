//! What one call to BigChange may hold.

/// How many contacts are asked for in one page. BigChange allows 5,000; a thousand is a page of about a megabyte.
pub const PAGE_SIZE: usize = 1000;

/// The longest query string that is sent, in characters after percent-encoding. BigChange's services run under ASP.NET, whose own limit is 2,048 unless raised.
pub const MAX_QUERY_CHARS: usize = 2000;
