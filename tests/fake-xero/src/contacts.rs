//! The writes: `PUT /Contacts`, `POST /Contacts` and `POST /Contacts/{ContactID}`.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::Refusal;
use crate::contact::{Contact, Status, View};
use crate::directory::Directory;
use crate::ids::Ids;
use crate::validation::{self, Element, text};

/// The most elements in one call.
pub(crate) const MAX_ELEMENTS: usize = 50;
/// The largest body: 3.5 MB.
pub(crate) const MAX_BODY_BYTES: usize = 3_500_000;

const ARCHIVED: &str = "The specified contact details matched an archived contact. Archived contacts cannot currently be edited via the API.";
const ERASED: &str = "The contact was erased on request and cannot be used.";
const NAME_EMPTY: &str = "Contact Name cannot be empty.";
const ACCOUNT_NUMBER_TAKEN: &str =
    "The Account Number already exists. Please enter a different Account Number.";
const WEBSITE_INVALID: &str = "Website must be valid.";
const NO_SUCH_CONTACT: &str = "The contact could not be found.";

/// Which of the three writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `PUT /Contacts`: only creates.
    Create,
    /// `POST /Contacts`: updates what the `ContactID`, else the contact number, else the name finds, and else creates.
    Upsert,
    /// `POST /Contacts/{ContactID}`: updates one, and needs no name.
    Update(Uuid),
}

/// By which rules a write is done.
pub(crate) struct Rules {
    pub(crate) verb: Verb,
    /// `summarizeErrors=false`: the answer tells of each element how it fared.
    pub(crate) each_for_itself: bool,
    /// An element of many needs its name although it carries a ContactID.
    pub(crate) batch_needs_names: bool,
}

/// Reads the elements of a body.
///
/// # Errors
/// Where it is no `{"Contacts":[…]}` of objects with the right types, too large, or too many.
pub(crate) fn read_elements(body: &[u8], verb: Verb) -> Result<Vec<Element>, Refusal> {
    if body.len() > MAX_BODY_BYTES {
        return Err(Refusal::Body("The request is larger than 3.5 MB"));
    }
    let unreadable = Refusal::Body("JSON for post data was invalid");
    let Ok(Value::Object(mut body)) = serde_json::from_slice(body) else {
        return Err(unreadable);
    };
    let Some(Value::Array(elements)) = body.remove("Contacts") else {
        return Err(unreadable);
    };
    let elements: Vec<Element> = elements
        .into_iter()
        .map(|element| match element {
            Value::Object(element) if validation::is_well_formed(&element) => Ok(element),
            _ => Err(unreadable.clone()),
        })
        .collect::<Result<_, _>>()?;
    match (elements.len(), verb) {
        (0, _) => Err(unreadable),
        (1, _) => Ok(elements),
        (_, Verb::Update(_)) => Err(Refusal::Body("One contact is taken here")),
        (n, _) if n > MAX_ELEMENTS => {
            Err(Refusal::Body("At most 50 contacts are taken in one call"))
        }
        _ => Ok(elements),
    }
}

/// Applies the elements one after the other, each to what the ones before it left. The good ones are
/// saved; with `each_for_itself` every element tells how it fared, without it the answer is a refusal
/// that tells of the refused ones only.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown contact in the path; [`Refusal::Validation`] without `each_for_itself`.
pub(crate) fn write(
    directory: &mut Directory,
    ids: &mut Ids,
    now_unix_ms: i64,
    rules: &Rules,
    elements: &[Element],
) -> Result<Vec<Value>, Refusal> {
    let each_for_itself = rules.each_for_itself;
    if let Verb::Update(id) = rules.verb
        && directory.get(id).is_none()
    {
        return Err(Refusal::NotFound);
    }
    let mut answers = Vec::with_capacity(elements.len());
    let mut refused = Vec::new();
    for element in elements {
        match decide(directory, rules, element) {
            Ok(target) => {
                let existing = target.and_then(|id| directory.get(id)).cloned();
                let mut contact = existing.unwrap_or_else(|| Contact::new(ids.next()));
                contact.merge(&without_website(element));
                if text(element, "ContactStatus") == Some("ARCHIVED") {
                    contact.status = Status::Archived;
                }
                // A write that changes nothing is none.
                if target.and_then(|id| directory.get(id)) != Some(&contact) {
                    contact.updated_unix_ms = now_unix_ms;
                }
                let mut answer = contact.to_json(View::Written);
                if each_for_itself {
                    answer["StatusAttributeString"] = json!("OK");
                }
                answers.push(answer);
                directory.put(contact);
            }
            Err(refusal) => {
                let target = refusal.target.and_then(|id| directory.get(id));
                let answer = echo(element, target, &refusal.messages, each_for_itself);
                answers.push(answer.clone());
                refused.push(answer);
            }
        }
    }
    if refused.is_empty() || each_for_itself {
        return Ok(answers);
    }
    Err(Refusal::Validation(refused))
}

/// Why an element is refused, and the contact that it was meant for, if there is one.
struct Refused {
    target: Option<Uuid>,
    messages: Vec<String>,
}

impl Refused {
    fn new(target: Option<Uuid>, message: &str) -> Self {
        Self {
            target,
            messages: vec![message.to_owned()],
        }
    }
}

/// The contact to change, or `None` to create one.
fn decide(
    directory: &Directory,
    rules: &Rules,
    element: &Element,
) -> Result<Option<Uuid>, Refused> {
    let target = find_target(directory, rules.verb, element)?;
    if let Some(contact) = target {
        match contact.status {
            Status::Active => {}
            Status::Archived => return Err(Refused::new(Some(contact.id), ARCHIVED)),
            Status::Erased => return Err(Refused::new(Some(contact.id), ERASED)),
        }
    }
    let website = target.map_or("", |contact| contact.text("Website"));
    let has_invalid_website = !website.is_empty() && !validation::is_website(website);
    let target = target.map(|contact| contact.id);
    let mut messages = validation::field_errors(element);
    if has_invalid_website {
        messages.push(WEBSITE_INVALID.to_owned());
    }
    let has_id = matches!(validation::contact_id(element), Ok(Some(_)));
    let name_needed = match rules.verb {
        Verb::Update(_) => false,
        Verb::Upsert => rules.batch_needs_names || !has_id,
        Verb::Create => true,
    };
    if name_needed && text(element, "Name").is_none() {
        messages.push(NAME_EMPTY.to_owned());
    }
    messages.extend(uniqueness_errors(directory, element, target));
    if messages.is_empty() {
        Ok(target)
    } else {
        Err(Refused { target, messages })
    }
}

fn find_target<'a>(
    directory: &'a Directory,
    verb: Verb,
    element: &Element,
) -> Result<Option<&'a Contact>, Refused> {
    let id = validation::contact_id(element).unwrap_or_default();
    let by_number = || {
        let number = text(element, "ContactNumber").filter(|number| !number.is_empty())?;
        directory.with_contact_number(number, None)
    };
    match (verb, id) {
        (Verb::Update(id), _) => Ok(directory.get(id)),
        (Verb::Create, Some(id)) => {
            let known = directory.get(id).map(|contact| contact.id);
            Err(Refused::new(
                known,
                "A contact to be created cannot have a ContactID.",
            ))
        }
        (Verb::Create, None) => match by_number() {
            // Refused below as taken, unless the archived contact is the better reason.
            Some(contact) if contact.status == Status::Active => Ok(None),
            Some(contact) => Ok(Some(contact)),
            None => Ok(None),
        },
        (Verb::Upsert, Some(id)) => directory
            .get(id)
            .map(Some)
            .ok_or_else(|| Refused::new(None, NO_SUCH_CONTACT)),
        (Verb::Upsert, None) => {
            let name = text(element, "Name").unwrap_or_default();
            Ok(by_number().or_else(|| directory.active_named(name, None)))
        }
    }
}

fn uniqueness_errors(
    directory: &Directory,
    element: &Element,
    target: Option<Uuid>,
) -> Vec<String> {
    let given = |field| text(element, field).filter(|text| !text.is_empty());
    let mut errors = Vec::new();
    if let Some(name) = given("Name")
        && directory.active_named(name, target).is_some()
    {
        errors.push(format!(
            "The contact name {name} is already assigned to another contact. The contact name must be unique across all active contacts."
        ));
    }
    if given("AccountNumber").is_some_and(|n| directory.with_account_number(n, target).is_some()) {
        errors.push(ACCOUNT_NUMBER_TAKEN.to_owned());
    }
    if let Some(number) = given("ContactNumber")
        && directory.with_contact_number(number, target).is_some()
    {
        errors.push(format!(
            "The contact number {number} is already assigned to another contact. The contact number must be unique across all contacts."
        ));
    }
    errors
}

/// The API takes a website, and does nothing with it: only Xero's own pages change it.
fn without_website(element: &Element) -> Element {
    let mut element = element.clone();
    element.remove("Website");
    element
}

/// A refused element: a create as it was sent, under an id of zeros; an update with the id, status and name of its contact.
fn echo(
    element: &Element,
    target: Option<&Contact>,
    messages: &[String],
    each_for_itself: bool,
) -> Value {
    let mut out = element.clone();
    out.insert("ContactID".into(), json!(Uuid::nil()));
    if let Some(contact) = target {
        out.insert("ContactID".into(), json!(contact.id));
        out.insert("ContactStatus".into(), json!(contact.status));
        out.insert("Name".into(), json!(contact.name()));
    }
    for list in ["Addresses", "Phones", "ContactGroups", "ContactPersons"] {
        out.entry(list).or_insert(json!([]));
    }
    out.insert("HasValidationErrors".into(), json!(true));
    let errors: Vec<Value> = messages.iter().map(|m| json!({ "Message": m })).collect();
    out.insert("ValidationErrors".into(), json!(errors));
    if each_for_itself {
        out.insert("StatusAttributeString".into(), json!("ERROR"));
    }
    Value::Object(out)
}
