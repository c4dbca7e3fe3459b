//! How the fake is set up.

use uuid::Uuid;

use crate::limits::Limits;

/// How the fake is set up.
#[derive(Clone)]
pub struct Config {
    /// The app's client id.
    pub client_id: String,
    /// The app's client secret.
    pub client_secret: String,
    /// The first organisation's tenant id.
    pub tenant_id: Uuid,
    /// The first organisation's name.
    pub tenant_name: String,
    /// The first organisation's short code, if it has one; the test may make it any text.
    pub short_code: Option<String>,
    /// The limits of the Contacts API.
    pub limits: Limits,
    /// With more contacts than this an unoptimised query is refused.
    pub high_volume_contacts: usize,
    /// Reads show a text that is not there as `""`, where they leave it out otherwise: both were seen.
    pub shows_blank_texts: bool,
    /// Whether an element of `POST /Contacts` needs its name although it carries a ContactID. Xero was
    /// recorded to do without; an older report says that it refuses.
    pub batch_needs_names: bool,
    /// How Xero answers every `where`, if it refuses them.
    pub refuse_filters: Option<QueryRefusal>,
    /// How Xero answers every `searchTerm`, if it refuses them.
    pub refuse_searches: Option<QueryRefusal>,
    /// What `searchTerm` finds.
    pub search: SearchReading,
    /// Lists do not say how many pages there are, as was seen in the field.
    pub without_pagination: bool,
    /// What ids and tokens are derived from.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            client_id: "fake-client-id".into(),
            client_secret: "fake-client-secret".into(),
            tenant_id: Uuid::from_u128(0x7e4a_27f0_0000_4000_8000_0000_0000_0001),
            tenant_name: "Demo Company".into(),
            short_code: Some("!Fake1".into()),
            limits: Limits::default(),
            high_volume_contacts: 100_000,
            shows_blank_texts: false,
            batch_needs_names: false,
            refuse_filters: None,
            refuse_searches: None,
            search: SearchReading::default(),
            without_pagination: false,
            seed: 1,
        }
    }
}

/// How a query is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryRefusal {
    /// 400 with error number 16.
    Syntax,
    /// 400 with error number 51.
    HighVolume,
    /// 400 with error number 9191919.
    FilterUnavailable,
}

/// What `searchTerm` finds, which is not documented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SearchReading {
    /// The term where a word begins, and only with its own accents: what a client must be content with.
    #[default]
    BeginningsOfWords,
    /// The term anywhere, whatever its accents.
    Anywhere,
}
