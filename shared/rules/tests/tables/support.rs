//! A case to decide about, built up from one ordinary customer, and decisions put into a word or
//! two.

use std::collections::BTreeMap;

use rules::{
    AccountReference, AccountType, Alike, Contact, ContactData, ContactId, ContactNumber,
    ContactStatus, Customer, Decision, Details, Grade, GroupId, InDoubt, Keep, Link, ManualMatch,
    Participation, Plan, Problem, Question, Settings, Snapshot, XeroChanges, XeroContact,
    XeroContactId, XeroContactRef, XeroWrite, decide, participation,
};

pub(crate) const ACCOUNT_GROUP: u64 = 10;
pub(crate) const SITE_GROUP: u64 = 20;

pub(crate) fn contact_id(id: u64) -> ContactId {
    ContactId::try_from(id).unwrap()
}

pub(crate) fn group_id(id: u64) -> GroupId {
    GroupId::try_from(id).unwrap()
}

pub(crate) fn xero_id(n: u64) -> XeroContactId {
    format!("00000000-0000-0000-0000-{n:012}").parse().unwrap()
}

fn number_of(id: XeroContactId) -> u64 {
    id.to_string()[24..].parse().unwrap()
}

pub(crate) fn reference(text: &str) -> AccountReference {
    AccountReference::parse(text).unwrap()
}

/// Contact 7, an account customer without an account reference.
pub(crate) fn acme() -> Contact {
    Contact {
        id: contact_id(7),
        group: Some(group_id(ACCOUNT_GROUP)),
        parent: None,
        deleted: false,
        excluded_from_financial_sync: false,
        name: "Acme Ltd".to_owned(),
        street: "1 High Street".to_owned(),
        town: "Leeds".to_owned(),
        postcode: "LS1 1AA".to_owned(),
        country: "United Kingdom".to_owned(),
        person: "Jo van Dam".to_owned(),
        phone: "+441130000000".to_owned(),
        email: "jo@acme.example".to_owned(),
        extra: "Gate code at reception".to_owned(),
        contact_reference: String::new(),
        account_reference: String::new(),
        account_type: None,
        missing: std::collections::BTreeSet::new(),
    }
}

/// Settings by the variables that a deployment would set; group 10 holds account customers, group
/// 20 site contacts.
pub(crate) fn settings(set: &[(&str, &str)]) -> Settings {
    let defaults = [("ACCOUNT_GROUP_IDS", "10"), ("SITE_GROUP_IDS", "20")];
    Settings::read(|name| {
        let mut all = set.iter().chain(&defaults);
        all.find(|(variable, _)| *variable == name)
            .map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

pub(crate) fn customer(contact: &Contact) -> Customer {
    match participation(contact, &settings(&[])) {
        Participation::TakesPart(customer) => *customer,
        other => panic!("it does not take part: {other:?}"),
    }
}

pub(crate) fn details(contact: &Contact) -> Details {
    customer(contact).details
}

/// An active Xero contact of another name, with neither an account number nor a contact number.
pub(crate) fn xero(n: u64) -> XeroContact {
    XeroContact {
        id: xero_id(n),
        name: format!("Stranger {n}"),
        account_number: String::new(),
        contact_number: None,
        status: ContactStatus::Active,
        merged_into: None,
        data: ContactData::default(),
        details: None,
    }
}

/// The same under Acme's name.
pub(crate) fn namesake(n: u64) -> XeroContact {
    xero(n).named("Acme Ltd")
}

pub(crate) trait XeroContactExt {
    fn named(self, name: &str) -> Self;
    fn account(self, number: &str) -> Self;
    fn code(self, number: &str) -> Self;
    fn archived(self) -> Self;
    fn erased(self) -> Self;
    fn merged_into(self, survivor: u64) -> Self;
    fn showing(self, details: &Details) -> Self;
}

impl XeroContactExt for XeroContact {
    fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }
    fn account(mut self, number: &str) -> Self {
        number.clone_into(&mut self.account_number);
        self
    }
    fn code(mut self, number: &str) -> Self {
        self.contact_number = ContactNumber::from_xero(number);
        self
    }
    fn archived(mut self) -> Self {
        self.status = ContactStatus::Archived;
        self
    }
    fn erased(mut self) -> Self {
        self.status = ContactStatus::Erased;
        self
    }
    fn merged_into(mut self, survivor: u64) -> Self {
        self.status = ContactStatus::Archived;
        self.merged_into = Some(xero_id(survivor));
        self
    }
    fn showing(mut self, details: &Details) -> Self {
        self.details = Some(Box::new(details.clone()));
        self
    }
}

/// A Xero contact that is likely the same customer as Acme.
pub(crate) fn likely(n: u64) -> Alike {
    Alike {
        xero: (&xero(n).named("Acme Limited")).into(),
        linked_to: None,
        grade: Grade::Likely,
        evidence: "same name but for Ltd / Limited".to_owned(),
    }
}

/// One that is perhaps the same.
pub(crate) fn possible(n: u64) -> Alike {
    Alike {
        grade: Grade::Possible,
        ..likely(n)
    }
}

/// A change to a contact in BigChange.
pub(crate) type Edit = fn(&mut Contact);

/// Everything that a decision is made from.
#[derive(Clone)]
pub(crate) struct Case {
    pub(crate) contact: Contact,
    pub(crate) settings: Settings,
    pub(crate) link: Option<Link>,
    pub(crate) manual_match: ManualMatch,
    pub(crate) in_doubt: Option<InDoubt>,
    pub(crate) generated: Option<AccountReference>,
    pub(crate) due: Option<AccountReference>,
    pub(crate) keep: Option<Keep>,
    pub(crate) is_to_be_looked_at: bool,
    pub(crate) found: Option<Vec<XeroContact>>,
    pub(crate) alike: Vec<Alike>,
    pub(crate) linked: BTreeMap<XeroContactId, ContactId>,
    pub(crate) holders: BTreeMap<AccountReference, ContactId>,
}

impl Case {
    /// Acme, not linked, nothing asked yet, every setting at its default.
    pub(crate) fn new() -> Self {
        Self {
            contact: acme(),
            settings: settings(&[]),
            link: None,
            manual_match: ManualMatch::default(),
            in_doubt: None,
            generated: None,
            due: None,
            keep: None,
            is_to_be_looked_at: false,
            found: None,
            alike: Vec::new(),
            linked: BTreeMap::new(),
            holders: BTreeMap::new(),
        }
    }

    /// Acme, linked to Xero contact 1 under `A-1` and in line with it.
    pub(crate) fn linked() -> Self {
        let mut case = Self::new().with(|contact| {
            "A-1".clone_into(&mut contact.account_reference);
            contact.account_type = Some(AccountType::XERO);
        });
        let synced = details(&case.contact);
        case.link = Some(Link::new(xero_id(1), reference("A-1"), synced));
        case.held_by("A-1", 7)
    }

    /// Its Xero contact was seen not to be as the link says.
    pub(crate) fn looked_at(mut self) -> Self {
        self.is_to_be_looked_at = true;
        self
    }

    /// Its Xero contact shows what was carried over last, as far as nobody touched it.
    pub(crate) fn as_linked(&self) -> XeroContact {
        let link = self.link.as_ref().unwrap();
        let contact = xero(1).named(&link.synced.name);
        let contact = contact.account(link.account_reference.as_str());
        contact.showing(&link.synced)
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Contact)) -> Self {
        change(&mut self.contact);
        self
    }

    pub(crate) fn account_reference(self, text: &str) -> Self {
        self.with(|contact| text.clone_into(&mut contact.account_reference))
    }

    pub(crate) fn settings(mut self, set: &[(&str, &str)]) -> Self {
        self.settings = settings(set);
        self
    }

    pub(crate) fn found(mut self, found: impl IntoIterator<Item = XeroContact>) -> Self {
        self.found = Some(found.into_iter().collect());
        self
    }

    pub(crate) fn alike(mut self, alike: impl IntoIterator<Item = Alike>) -> Self {
        self.alike = alike.into_iter().collect();
        self
    }

    pub(crate) fn generated(mut self, code: &str) -> Self {
        self.generated = Some(reference(code));
        self.held_by(code, 7)
    }

    pub(crate) fn in_doubt(mut self, in_doubt: InDoubt) -> Self {
        self.in_doubt = Some(in_doubt);
        self
    }

    pub(crate) fn linked_to(mut self, xero: u64, contact: u64) -> Self {
        self.linked.insert(xero_id(xero), contact_id(contact));
        self
    }

    pub(crate) fn held_by(mut self, text: &str, contact: u64) -> Self {
        self.holders.insert(reference(text), contact_id(contact));
        self
    }

    /// A person said this.
    pub(crate) fn said_by_a_person(mut self, manual_match: ManualMatch) -> Self {
        self.manual_match = manual_match;
        self
    }

    pub(crate) fn decision(&self) -> Decision {
        decide(&Snapshot {
            customer: &customer(&self.contact),
            settings: &self.settings,
            link: self.link.as_ref(),
            manual_match: &self.manual_match,
            in_doubt: self.in_doubt.as_ref(),
            generated: self.generated.as_ref(),
            contact_reference_due: self.due.as_ref(),
            keep: self.keep.as_ref(),
            is_to_be_looked_at: self.is_to_be_looked_at,
            found: self.found.as_deref(),
            alike: &self.alike,
            linked: &self.linked,
            holders: &self.holders,
        })
    }

    /// The decision in a word or two.
    pub(crate) fn said(&self) -> String {
        match self.decision() {
            Decision::Ask(Question::Match { .. }) => "ask which".to_owned(),
            Decision::Ask(Question::Linked(ids)) => {
                let ids: Vec<String> = ids.iter().map(|id| number_of(*id).to_string()).collect();
                format!("ask for {}", ids.join(" and "))
            }
            Decision::NeedsCode => "needs a code".to_owned(),
            Decision::Incomplete(field) => format!("incomplete: {}", field.key()),
            Decision::Hold(problem) => told(&problem),
            Decision::Apply(plan) => match plan.xero.existing() {
                Some(id) => format!("{:?} {}", plan.outcome, number_of(id)),
                None => format!("{:?}", plan.outcome),
            },
        }
    }

    /// What is written. A linked contact about which nothing is said in Xero is as it was linked.
    pub(crate) fn plan(&self) -> Plan {
        match self.decision() {
            Decision::Ask(Question::Linked(_)) if self.found.is_none() && self.link.is_some() => {
                self.clone().found([self.as_linked()]).plan()
            }
            Decision::Apply(plan) => *plan,
            other => panic!("no plan but {other:?}"),
        }
    }

    pub(crate) fn problem(&self) -> Problem {
        match self.decision() {
            Decision::Hold(problem) => problem,
            other => panic!("not held but {other:?}"),
        }
    }

    /// What is sent to an existing Xero contact; nothing where nothing is.
    pub(crate) fn changes(&self) -> XeroChanges {
        match self.plan().xero {
            XeroWrite::Nothing { .. } => XeroChanges::default(),
            XeroWrite::Change { changes, .. } => *changes,
            XeroWrite::Create(_) => panic!("a create, not a change"),
            XeroWrite::Unknown(_) => panic!("never decided"),
        }
    }
}

/// A problem in a word or two: its code and the values in conflict.
pub(crate) fn told(problem: &Problem) -> String {
    let n = |named: &XeroContactRef| number_of(named.id);
    let values = match problem {
        Problem::ParentInSiteGroup { group: Some(group) } => format!("group {group}"),
        Problem::SiteContactInAccountGroup {
            parent,
            group: Some(group),
        } => format!("parent {parent}, group {group}"),
        Problem::InvalidField {
            field,
            limit,
            chars,
        } => format!("{} {chars}, {limit}", field.label()),
        Problem::AmbiguousMatch { found } => {
            let all: Vec<String> = found.iter().map(|named| n(named).to_string()).collect();
            all.join(" and ")
        }
        Problem::ErasedInXero { xero } => n(xero).to_string(),
        Problem::ArchivedInXero { xero, survivor } => match survivor {
            None => n(xero).to_string(),
            Some(survivor) => format!("{}, survived by {}", n(xero), number_of(*survivor)),
        },
        Problem::LinkedToAnotherContact {
            xero,
            other,
            merged_from,
        } => {
            let from = merged_from
                .as_ref()
                .map(|from| format!(", merged from {}", n(from)));
            format!("{}, of {other}{}", n(xero), from.unwrap_or_default())
        }
        Problem::MergedInXero {
            from,
            xero,
            in_bigchange,
            holder,
        } => {
            let holder = holder.map(|holder| format!(", which {holder} has"));
            format!(
                "{in_bigchange}, {} into {} with {}{}",
                n(from),
                n(xero),
                xero.account_number,
                holder.unwrap_or_default()
            )
        }
        Problem::NumberHeldByArchived {
            reference,
            xero,
            archived,
        } => format!("{reference} for {}, held by {}", n(xero), n(archived)),
        Problem::ChangedInBoth { units } => {
            let units = units.iter().map(|conflict| {
                format!(
                    "{} {:?} and {:?}",
                    conflict.unit.field().label(),
                    conflict.in_bigchange,
                    conflict.in_xero
                )
            });
            units.collect::<Vec<_>>().join(", ")
        }
        Problem::NameTakenInXero { in_bigchange, xero } => {
            format!("{in_bigchange}, {} with {}", n(xero), xero.account_number)
        }
        Problem::OwnedByAnotherProgram {
            xero,
            contact_number,
            ..
        } => format!("{}, {contact_number}", n(xero)),
        Problem::DuplicateAccountReference { reference, holder } => {
            format!("{reference}, of {holder}")
        }
        Problem::PossibleDuplicate {
            candidates,
            archived,
        } => {
            let all = candidates.iter().map(|one| match one.linked_to {
                Some(other) => format!("{} of {other}", n(&one.xero)),
                None => n(&one.xero).to_string(),
            });
            let all: Vec<String> = all.collect();
            let archived = archived
                .as_ref()
                .map(|one| format!(", archived {}", n(one)));
            format!("{}{}", all.join(" and "), archived.unwrap_or_default())
        }
        Problem::NotInXero {
            reference: Some(reference),
            candidates,
        } => {
            let all = candidates
                .iter()
                .map(|one| format!(", like {}", n(&one.xero)));
            format!("{reference}{}", all.collect::<String>())
        }
        Problem::AccountReferenceChanged {
            in_bigchange,
            in_xero,
        } => format!("{in_bigchange}, {in_xero:?} in Xero"),
        Problem::UnlinkedByPerson { xero } | Problem::WebsiteInXero { xero } => n(xero).to_string(),
        Problem::LinkedContactNotInXero { xero_id } => number_of(*xero_id).to_string(),
        Problem::RefusedByXero { words } => words.join(" "),
        _ => String::new(),
    };
    format!("{} {values}", problem.code()).trim_end().to_owned()
}
