//! The words of company names that mean nothing, little or much for which company it is.
//!
//! All in the form of [`super::name`]: lower-case Latin letters without accents, apostrophes and
//! the dots of abbreviations.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Runs of words, by the first one: every word of every name is looked up.
pub(super) type Runs = LazyLock<HashMap<&'static str, Vec<&'static [&'static str]>>>;
/// What words stand for.
pub(super) type Meanings = LazyLock<HashMap<&'static str, &'static str>>;

fn runs(
    all: &'static [&'static [&'static str]],
) -> HashMap<&'static str, Vec<&'static [&'static str]>> {
    let mut by_first = HashMap::<_, Vec<_>>::new();
    for run in all {
        if let Some(first) = run.first() {
            by_first.entry(*first).or_default().push(*run);
        }
    }
    by_first
}

/// Legal forms as runs of words, the longest first, which a company may write, shorten or leave out.
///
/// The British ones are those that the law prescribes as the end of a name, with the abbreviations
/// and the Welsh forms that it allows: Companies Act 2006, sections 58 and 59 (limited, public
/// limited), sections 33 and 4 of the Companies (Audit, Investigations and Community Enterprise) Act
/// 2004 (community interest), Limited Liability Partnerships Act 2000, schedule 1; Limited
/// Partnerships Act 1907, section 8B; Charities Act 2011, section 212, and Charities and Trustee
/// Investment (Scotland) Act 2005, section 52 (charitable incorporated organisations); Company,
/// Limited Liability Partnership and Business (Names and Trading Disclosures) Regulations 2015,
/// schedule 2 (right to manage, right to enfranchise, grouping, investment company). The Irish ones
/// are those of the Companies Act 2014; the others are the usual ones of Britain's trade partners.
pub(super) static LEGAL_FORMS: Runs = LazyLock::new(|| {
    runs(&[
        // Great Britain and Northern Ireland.
        &["community", "interest", "public", "limited", "company"],
        &["company", "limited", "by", "guarantee"],
        &["scottish", "charitable", "incorporated", "organisation"],
        &["investment", "company", "with", "variable", "capital"],
        &["open", "ended", "investment", "company"],
        &["european", "economic", "interest", "grouping"],
        &["united", "kingdom", "economic", "interest", "grouping"],
        &["charitable", "incorporated", "organisation"],
        &["limited", "liability", "partnership"],
        &["right", "to", "manage", "company"],
        &["right", "to", "enfranchisement", "company"],
        &["public", "limited", "company"],
        &["community", "interest", "company"],
        &["community", "interest", "plc"],
        &["commonhold", "association"],
        &["protected", "cell", "company"],
        &["limited", "partnership"],
        &["limited", "company"],
        &["unlimited", "company"],
        &["societas", "europaea"],
        &["uk", "societas"],
        &["rtm", "company"],
        &["rte", "company"],
        &["ltd"],
        &["limited"],
        &["plc"],
        &["llp"],
        &["lp"],
        &["cic"],
        &["cio"],
        &["scio"],
        &["icvc"],
        &["oeic"],
        &["eeig"],
        &["ukeig"],
        &["pcc"],
        // Wales.
        &["cwmni", "buddiant", "cymunedol", "cyhoeddus", "cyfyngedig"],
        &["cwmni", "buddsoddi", "a", "chyfalaf", "newidiol"],
        &["cwmni", "buddsoddiant", "penagored"],
        &["partneriaeth", "atebolrwydd", "cyfyngedig"],
        &["sefydliad", "elusennol", "corfforedig"],
        &["cwmni", "cyfyngedig", "cyhoeddus"],
        &["cwmni", "buddiant", "cymunedol"],
        &["partneriaeth", "cyfyngedig"],
        &["cwmni", "rtm"],
        &["cyfyngedig"],
        &["cyf"],
        &["ccc"],
        &["cbc"],
        // Ireland.
        &["designated", "activity", "company"],
        &["public", "unlimited", "company"],
        &["cuideachta", "phoibli", "theoranta"],
        &["cuideachta", "ghniomhaiochta", "ainmnithe"],
        &["teoranta"],
        &["dac"],
        &["clg"],
        &["cpt"],
        // Elsewhere. Short ones that are also words or initials are left out.
        &["gmbh", "co", "kg"],
        &["sp", "z", "o", "o"],
        &["incorporated"],
        &["corporation"],
        &["pty"],
        &["pte"],
        &["inc"],
        &["corp"],
        &["llc"],
        &["gmbh"],
        &["sarl"],
        &["sas"],
        &["srl"],
        &["bv"],
        &["nv"],
        &["aps"],
        &["oyj"],
    ])
});

/// The country of most customers here, which a company may add to its name or not.
pub(super) static COUNTRY: Runs = LazyLock::new(|| {
    runs(&[
        &["united", "kingdom"],
        &["great", "britain"],
        &["uk"],
        &["gb"],
    ])
});

/// Words that carry nothing anywhere in a name.
pub(super) const FILLERS: &[&str] = &["the", "and", "mr", "mrs", "ms", "messrs"];

/// Titles at the beginning of a name, or of the part after "and".
pub(super) const TITLES: &[&str] = &[
    "miss",
    "mx",
    "dr",
    "prof",
    "professor",
    "rev",
    "reverend",
    "sir",
    "dame",
];

/// Where a second name of the same business begins.
pub(super) static SECOND_NAME: Runs = LazyLock::new(|| {
    runs(&[
        &["trading", "as"],
        &["also", "known", "as"],
        &["doing", "business", "as"],
        &["dba"],
        &["aka"],
    ])
});

/// Short forms and what they stand for. A short form makes two names alike, not the same: with the
/// words behind it the name may be another company's.
pub(super) static SHORT_FORMS: Meanings = LazyLock::new(|| {
    HashMap::from([
        ("assoc", "associates"),
        ("assocs", "associates"),
        ("assn", "association"),
        ("bldg", "building"),
        ("bldgs", "buildings"),
        ("bldrs", "builders"),
        ("bro", "brothers"),
        ("bros", "brothers"),
        ("centre", "center"),
        ("cncl", "council"),
        ("co", "company"),
        ("comm", "commercial"),
        ("const", "construction"),
        ("constr", "construction"),
        ("contr", "contractors"),
        ("contrs", "contractors"),
        ("ctr", "center"),
        ("dept", "department"),
        ("dist", "distribution"),
        ("elec", "electrical"),
        ("elect", "electrical"),
        ("eng", "engineering"),
        ("engg", "engineering"),
        ("engrs", "engineers"),
        ("equip", "equipment"),
        ("gdns", "gardens"),
        ("govt", "government"),
        ("hosp", "hospital"),
        ("hse", "house"),
        ("htg", "heating"),
        ("ind", "industrial"),
        ("inds", "industries"),
        ("ins", "insurance"),
        ("inst", "institute"),
        ("int", "international"),
        ("intl", "international"),
        ("maint", "maintenance"),
        ("manuf", "manufacturing"),
        ("mech", "mechanical"),
        ("mfg", "manufacturing"),
        ("mfrs", "manufacturers"),
        ("mkt", "market"),
        ("mktg", "marketing"),
        ("natl", "national"),
        ("plbg", "plumbing"),
        ("plmb", "plumbing"),
        ("plumb", "plumbing"),
        ("pkg", "packaging"),
        ("prod", "products"),
        ("prods", "products"),
        ("rd", "road"),
        ("refrig", "refrigeration"),
        ("scaff", "scaffolding"),
        ("sch", "school"),
        ("serv", "services"),
        ("servs", "services"),
        ("service", "services"),
        ("soc", "society"),
        ("sol", "solutions"),
        ("sols", "solutions"),
        ("srvs", "services"),
        ("st", "saint"),
        ("svc", "services"),
        ("svcs", "services"),
        ("sys", "systems"),
        ("tech", "technology"),
        ("technologies", "technology"),
        ("trans", "transport"),
        ("transp", "transport"),
        ("univ", "university"),
    ])
});

/// Words by which companies of one family tell themselves apart, with their other spellings: a
/// customer that has one and a customer that has not are two.
pub(super) static DISTINGUISHING: Meanings = LazyLock::new(|| {
    HashMap::from([
        ("group", "group"),
        ("grp", "group"),
        ("groups", "group"),
        ("holdings", "holdings"),
        ("holding", "holdings"),
        ("hldgs", "holdings"),
        ("properties", "properties"),
        ("property", "properties"),
        ("props", "properties"),
        ("investments", "investments"),
        ("investment", "investments"),
        ("invs", "investments"),
        ("developments", "developments"),
        ("development", "developments"),
        ("devs", "developments"),
        ("estates", "estates"),
        ("estate", "estates"),
        ("homes", "homes"),
        ("land", "land"),
        ("ventures", "ventures"),
        ("enterprises", "enterprises"),
        ("management", "management"),
        ("mgmt", "management"),
        ("freehold", "freehold"),
        ("freeholders", "freehold"),
        ("residents", "residents"),
        ("finance", "finance"),
        ("capital", "capital"),
        ("trustees", "trustees"),
        ("trust", "trust"),
        ("nominees", "nominees"),
        ("pension", "pension"),
        ("pensions", "pension"),
        ("foundation", "foundation"),
        ("international", "international"),
        ("intl", "international"),
        ("global", "global"),
        ("worldwide", "global"),
        ("europe", "europe"),
        ("european", "europe"),
        ("eu", "europe"),
        ("emea", "emea"),
        ("usa", "usa"),
        ("america", "usa"),
        ("england", "england"),
        ("scotland", "scotland"),
        ("scottish", "scotland"),
        ("wales", "wales"),
        ("welsh", "wales"),
        ("cymru", "wales"),
        ("ireland", "ireland"),
        ("ni", "ni"),
        ("north", "north"),
        ("northern", "north"),
        ("south", "south"),
        ("southern", "south"),
        ("east", "east"),
        ("eastern", "east"),
        ("west", "west"),
        ("western", "west"),
        ("northeast", "northeast"),
        ("northwest", "northwest"),
        ("southeast", "southeast"),
        ("southwest", "southwest"),
        ("midlands", "midlands"),
        ("central", "central"),
        ("upper", "upper"),
        ("lower", "lower"),
        ("junior", "junior"),
        ("jnr", "junior"),
        ("jr", "junior"),
        ("senior", "senior"),
        ("snr", "senior"),
        ("sr", "senior"),
        ("retail", "retail"),
        ("wholesale", "wholesale"),
        ("commercial", "commercial"),
        ("domestic", "domestic"),
    ])
});

/// Numbers in words, as the rules of company names equate some of them (the Regulations of 2015,
/// schedule 3).
pub(super) static NUMBERS: Meanings = LazyLock::new(|| {
    HashMap::from([
        ("one", "1"),
        ("two", "2"),
        ("three", "3"),
        ("four", "4"),
        ("five", "5"),
        ("six", "6"),
        ("seven", "7"),
        ("eight", "8"),
        ("nine", "9"),
        ("ten", "10"),
        ("first", "1st"),
        ("second", "2nd"),
        ("third", "3rd"),
        ("ii", "2"),
        ("iii", "3"),
        ("iv", "4"),
        ("vi", "6"),
        ("vii", "7"),
        ("viii", "8"),
        ("ix", "9"),
    ])
});
