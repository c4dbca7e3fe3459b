//! The cure of every problem code, carried out to the letter, as the person in the menu would: it
//! ends at a link, or at the row that the cure names next.

use fake_xero::QueryRefusal;
use rules::PROBLEM_CODES;
use runtime::manual_match;
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use crate::cures::{at, hourly_look, link};
use crate::true_links::look;
use crate::world::{CUSTOMERS, SITES, World, contact};

/// Acme, which is held with a code, and what says so.
struct Held {
    world: World,
    acme: u64,
    code: &'static str,
}

impl Held {
    async fn of(world: World, acme: u64, code: &'static str) -> Self {
        world.sync(&[acme]).await;
        Self::by_now(world, acme, code).await
    }

    async fn by_now(world: World, acme: u64, code: &'static str) -> Self {
        assert_eq!(world.problem_code(acme).await, code);
        Self { world, acme, code }
    }

    /// Its cure says so.
    async fn says(&self, part: &str) {
        let cure = self.world.problem(self.acme).await.unwrap().cure;
        assert!(cure.contains(part), "{}: {part:?} in {cure:?}", self.code);
    }

    async fn edit(&mut self, change: impl FnOnce(&mut fake_bigchange::FakeContact)) {
        // What people did in Xero a moment ago is seen by now.
        self.world.pass(Duration::minutes(1));
        self.world.edit(self.acme, change);
        self.world.sync(&[self.acme]).await;
    }

    /// Nothing stands in its way any more, and it belongs to a Xero contact.
    async fn is_linked(&self) -> Uuid {
        let problem = self.world.problem_code(self.acme).await;
        assert_eq!(problem, "", "{} is cured", self.code);
        let linked = self.world.linked(self.acme).await;
        linked.unwrap_or_else(|| panic!("{} leads to a link", self.code))
    }

    /// It is left alone, as it should be.
    async fn is_left_alone(&self) {
        assert_eq!(
            self.world.problem_code(self.acme).await,
            "",
            "{}",
            self.code
        );
    }

    async fn unlink(&self) {
        let (records, acme) = (self.world.records(), contact(self.acme));
        let now = self.world.now();
        let target = manual_match::unlink_target(&records, acme, now).await;
        manual_match::unlink(&records, acme, target.unwrap(), at(&self.world))
            .await
            .unwrap();
        self.world.sync(&[self.acme]).await;
    }
}

/// Acme, not linked yet, under the reference A1.
fn new(settings: &[(&str, &str)]) -> (World, u64) {
    let mut world = World::new(settings);
    let acme = world.customer_with_reference("Acme", "A1");
    (world, acme)
}

/// Acme, created and linked under A1.
async fn linked(settings: &[(&str, &str)]) -> (World, u64, Uuid) {
    let mut all = vec![("CREATE_IN_XERO", "true")];
    all.extend(settings);
    let (mut world, acme) = new(&all);
    world.sync(&[acme]).await;
    world.pass(Duration::DAY);
    let xero = world.linked(acme).await.unwrap();
    (world, acme, xero)
}

fn merge(world: &World, from: Uuid, into: Uuid) {
    let merged = json!({"ContactStatus": "ARCHIVED", "MergedToContactID": into});
    world.edit_in_xero(from, merged);
}

const CREATING: &[(&str, &str)] = &[("CREATE_IN_XERO", "true")];

async fn carry_out_the_cures_of(code: &'static str) {
    match code {
        "ParentInSiteGroup" => parent_in_site_group(code).await,
        "SiteContactInAccountGroup" => site_contact_in_account_group(code).await,
        "InvalidField" => invalid_field(code).await,
        "AmbiguousMatch" => ambiguous_match(code).await,
        "ErasedInXero" => erased_in_xero(code).await,
        "ArchivedInXero" => Box::pin(archived_in_xero(code)).await,
        "LinkedToAnotherContact" => linked_to_another_contact(code).await,
        "NameTakenInXero" => name_taken_in_xero(code).await,
        "OwnedByAnotherProgram" => owned_by_another_program(code).await,
        "DuplicateAccountReference" => duplicate_account_reference(code).await,
        "PossibleDuplicate" => possible_duplicate(code).await,
        "NotInXero" => not_in_xero(code).await,
        "NoAccountReference" => no_account_reference(code).await,
        "AccountReferenceChanged" => account_reference_changed(code).await,
        "MergedInXero" => merged_in_xero(code).await,
        "NumberHeldByArchived" => number_held_by_archived(code).await,
        "ChangedInBoth" => changed_in_both(code).await,
        "UnlinkedByPerson" => unlinked_by_person(code).await,
        "LinkedContactNotInXero" => linked_contact_not_in_xero(code).await,
        "WebsiteInXero" => website_in_xero(code).await,
        "IncompleteAnswer" => incomplete_answer(code).await,
        "XeroRefusesLookups" => xero_refuses_lookups(code).await,
        "RefusedByXero" => refused_by_xero(code).await,
        "RefusedByBigChange" => refused_by_bigchange(code).await,
        other => panic!("nobody has carried out the cure of {other}"),
    }
}

#[tokio::test]
async fn every_cure_leads_on() {
    for code in PROBLEM_CODES {
        Box::pin(carry_out_the_cures_of(code)).await;
    }
}

async fn parent_in_site_group(code: &'static str) {
    for sets_parent in [true, false] {
        let mut world = World::new(CREATING);
        let parent = world.customer_with_reference("Parent", "P1");
        let acme = world.customer("Acme", |c| {
            c.group_id = SITES;
            c.account_reference = "A1".into();
        });
        let mut held = Held::of(world, acme, code).await;
        held.says("set its parent or move it to an account group")
            .await;
        if sets_parent {
            held.edit(|c| c.parent_id = Some(parent)).await;
            held.is_left_alone().await;
        } else {
            held.edit(|c| c.group_id = CUSTOMERS).await;
            held.is_linked().await;
        }
    }
}

async fn site_contact_in_account_group(code: &'static str) {
    for moves in [true, false] {
        let mut world = World::new(CREATING);
        let parent = world.customer_with_reference("Parent", "P1");
        let acme = world.customer("Acme", |c| {
            c.parent_id = Some(parent);
            c.account_reference = "A1".into();
        });
        let mut held = Held::of(world, acme, code).await;
        held.says("move it to a site group or remove its parent")
            .await;
        if moves {
            held.edit(|c| c.group_id = SITES).await;
            held.is_left_alone().await;
        } else {
            held.edit(|c| c.parent_id = None).await;
            held.is_linked().await;
        }
    }
}

async fn invalid_field(code: &'static str) {
    let (world, acme) = new(CREATING);
    world.edit(acme, |c| c.name = "Acme <Leeds>".into());
    let mut held = Held::of(world, acme, code).await;
    held.says("General").await;
    held.edit(|c| c.name = "Acme (Leeds)".into()).await;
    held.is_linked().await;
    let (world, acme) = new(CREATING);
    world.edit(acme, |c| c.account_reference = "A".repeat(51));
    let mut held = Held::of(world, acme, code).await;
    held.says("Financials → Terms → Account reference").await;
    held.edit(|c| c.account_reference = "A1".into()).await;
    held.is_linked().await;
}

async fn ambiguous_match(code: &'static str) {
    let ambiguous = async || {
        let (world, acme) = new(&[]);
        let of_name = world.xero_contact(json!({"Name": "Acme"}));
        let of_number = world.xero_contact(json!({"Name": "Bolt", "AccountNumber": "A1"}));
        (Held::of(world, acme, code).await, of_name, of_number)
    };
    let (mut held, of_name, of_number) = ambiguous().await;
    held.says("merge those that are this customer").await;
    merge(&held.world, of_name, of_number);
    hourly_look(&mut held.world, held.acme, of_name).await;
    assert_eq!(held.is_linked().await, of_number);
    let (held, _, of_number) = ambiguous().await;
    held.says("contact-sync link").await;
    link(&held.world, held.acme, of_number).await;
    assert_eq!(held.is_linked().await, of_number);
    // A merge that the link had followed was undone by Xero's support.
    for cure in ["merge", "rename", "confirm"] {
        let (world, acme, xero) = linked(&[]).await;
        let other = world.xero_contact(json!({"Name": "Acme Group"}));
        world.edit_in_xero(xero, json!({"AccountNumber": ""}));
        world.edit_in_xero(other, json!({"AccountNumber": "A1"}));
        merge(&world, xero, other);
        look(&world, acme).await;
        let undone = json!({"ContactStatus": "ACTIVE", "MergedToContactID": null});
        world.edit_in_xero(xero, undone);
        look(&world, acme).await;
        let mut held = Held::by_now(world, acme, code).await;
        match cure {
            "merge" => merge(&held.world, xero, other),
            "rename" => held.world.edit_in_xero(xero, json!({"Name": "Acme (old)"})),
            _ => link(&held.world, acme, other).await,
        }
        if cure != "confirm" {
            hourly_look(&mut held.world, acme, xero).await;
        }
        assert_eq!(held.is_linked().await, other, "{cure}");
    }
}

async fn erased_in_xero(code: &'static str) {
    for is_linked in [true, false] {
        for excludes in [true, false] {
            let (world, acme, xero) = linked(&[]).await;
            world.edit_in_xero(xero, json!({"ContactStatus": "GDPRREQUEST"}));
            let other = world.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "X9"}));
            look(&world, acme).await;
            let mut held = Held::by_now(world, acme, code).await;
            held.says("Exclude from financial sync").await;
            if excludes {
                held.edit(|c| c.financial_sync_exclude = true).await;
                held.is_left_alone().await;
                continue;
            }
            held.says("contact-sync unlink").await;
            if is_linked {
                held.unlink().await;
            }
            held.edit(|c| c.account_reference = "X9".into()).await;
            if is_linked {
                assert_eq!(held.is_linked().await, other);
            }
        }
    }
}

async fn archived_in_xero(code: &'static str) {
    // Linked, and restored.
    let (world, acme, xero) = linked(&[]).await;
    world.edit_in_xero(xero, json!({"ContactStatus": "ARCHIVED"}));
    look(&world, acme).await;
    let mut held = Held::by_now(world, acme, code).await;
    held.says("Restore").await;
    held.world
        .edit_in_xero(xero, json!({"ContactStatus": "ACTIVE"}));
    hourly_look(&mut held.world, acme, xero).await;
    assert_eq!(held.is_linked().await, xero);
    // Linked, and given another's reference.
    let (world, acme, xero) = linked(&[]).await;
    world.edit_in_xero(xero, json!({"ContactStatus": "ARCHIVED"}));
    let other = world.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "X9"}));
    look(&world, acme).await;
    let mut held = Held::by_now(world, acme, code).await;
    held.unlink().await;
    held.edit(|c| c.account_reference = "X9".into()).await;
    assert_eq!(held.is_linked().await, other);
    // Not linked, and merged into another.
    let (world, acme) = new(&[]);
    let merged = world.xero_contact(json!({"Name": "Acme", "AccountNumber": "A1"}));
    let other = world.xero_contact(json!({"Name": "Acme Group", "AccountNumber": "G1"}));
    merge(&world, merged, other);
    let mut held = Held::of(world, acme, code).await;
    held.says("enter the account number of the Xero contact that it was merged into")
        .await;
    held.edit(|c| c.account_reference = "G1".into()).await;
    assert_eq!(held.is_linked().await, other);
}

async fn linked_to_another_contact(code: &'static str) {
    // Two of one name: another name, and a reference of its own.
    let mut world = World::new(CREATING);
    let first = world.customer_with_reference("Acme", "A1");
    world.sync(&[first]).await;
    let acme = world.customer_with_reference("Acme", "A1");
    let mut held = Held::of(world, acme, code).await;
    held.says("another name").await;
    held.edit(|c| {
        c.name = "Acme (Leeds)".into();
        c.account_reference = "A2".into();
    })
    .await;
    held.is_linked().await;
    // Merged into another customer's: another customer all the same.
    let (mut world, acme, xero) = linked(&[]).await;
    let bolt = world.customer_with_reference("Bolt", "B1");
    world.sync(&[bolt]).await;
    merge(&world, xero, world.linked(bolt).await.unwrap());
    look(&world, acme).await;
    let mut held = Held::by_now(world, acme, code).await;
    held.says("create it in Xero under a new account number")
        .await;
    held.unlink().await;
    let made = held
        .world
        .xero_contact(json!({"Name": "Acme", "AccountNumber": "A7"}));
    held.edit(|c| c.account_reference = "A7".into()).await;
    assert_eq!(held.is_linked().await, made);
}

async fn name_taken_in_xero(code: &'static str) {
    let (world, acme) = new(&[]);
    let xero = world.xero_contact(json!({"Name": "Acme", "AccountNumber": "X9"}));
    let mut held = Held::of(world, acme, code).await;
    held.says("make the two equal").await;
    held.edit(|c| c.account_reference = "X9".into()).await;
    assert_eq!(held.is_linked().await, xero);
    let (world, acme) = new(CREATING);
    world.xero_contact(json!({"Name": "Acme", "AccountNumber": "X9"}));
    let mut held = Held::of(world, acme, code).await;
    held.says("change one of the names").await;
    held.edit(|c| c.name = "Bolt".into()).await;
    held.is_linked().await;
}

async fn owned_by_another_program(code: &'static str) {
    let (world, acme) = new(&[]);
    world.edit(acme, |c| c.account_reference.clear());
    let crm = json!({"Name": "Acme", "AccountNumber": "X9", "ContactNumber": "CRM-1"});
    let xero = world.xero_contact(crm);
    let mut held = Held::of(world, acme, code).await;
    held.says("enter its Xero account number in BigChange")
        .await;
    held.edit(|c| c.account_reference = "X9".into()).await;
    assert_eq!(held.is_linked().await, xero);
    // Linked, and taken over since.
    for is_it in [true, false] {
        let (world, acme, xero) = linked(&[]).await;
        world.edit_in_xero(xero, json!({"ContactNumber": "CRM-1"}));
        let other = world.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "X9"}));
        look(&world, acme).await;
        let mut held = Held::by_now(world, acme, code).await;
        if is_it {
            held.says("contact-sync link").await;
            link(&held.world, acme, xero).await;
            assert_eq!(held.is_linked().await, xero);
            look(&held.world, acme).await;
            assert_eq!(held.is_linked().await, xero, "it stays so");
        } else {
            held.says("contact-sync unlink").await;
            held.unlink().await;
            held.edit(|c| c.account_reference = "X9".into()).await;
            assert_eq!(held.is_linked().await, other);
        }
    }
}

async fn duplicate_account_reference(code: &'static str) {
    let mut world = World::new(&[]);
    world.xero_contact(json!({"Name": "Bolt", "AccountNumber": "B1"}));
    let first = world.customer_with_reference("Bolt", "B1");
    world.sync(&[first]).await;
    let acme = world.customer_with_reference("Acme", "B1");
    world.edit_in_xero(
        world.linked(first).await.unwrap(),
        json!({"AccountNumber": ""}),
    );
    let own = world.xero_contact(json!({"Name": "Acme plc", "AccountNumber": "A1"}));
    world.sync(&[acme]).await;
    if world.problem_code(acme).await != code {
        // Found by its number, it is told whose that is.
        assert_eq!(world.problem_code(acme).await, "LinkedToAnotherContact");
    }
    let mut held = Held { world, acme, code };
    held.edit(|c| c.account_reference = "A1".into()).await;
    assert_eq!(held.is_linked().await, own);
}

async fn possible_duplicate(code: &'static str) {
    let held = async || {
        let (world, acme) = new(CREATING);
        let xero = world.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "X9"}));
        (Held::of(world, acme, code).await, xero)
    };
    let (mut same, xero) = held().await;
    same.says("enter that contact's account number in BigChange")
        .await;
    same.edit(|c| c.account_reference = "X9".into()).await;
    assert_eq!(same.is_linked().await, xero);
    let (another, xero) = held().await;
    another.says("--new").await;
    let (records, acme) = (another.world.records(), contact(another.acme));
    let candidates = manual_match::candidates(&records, acme).await.unwrap();
    manual_match::declare_new(&records, acme, &candidates, at(&another.world))
        .await
        .unwrap();
    another.world.sync(&[another.acme]).await;
    assert_ne!(another.is_linked().await, xero);
}

async fn not_in_xero(code: &'static str) {
    let (world, acme) = new(&[]);
    let mut held = Held::of(world, acme, code).await;
    held.says("create it in Xero").await;
    let made = held
        .world
        .xero_contact(json!({"Name": "Acme plc", "AccountNumber": "A1"}));
    hourly_look(&mut held.world, acme, made).await;
    assert_eq!(held.is_linked().await, made);
    let (world, acme) = new(&[]);
    let mut held = Held::of(world, acme, code).await;
    held.says("CreateInXero=true").await;
    held.world.set("CREATE_IN_XERO", "true");
    held.world.sync(&[acme]).await;
    held.is_linked().await;
}

async fn no_account_reference(code: &'static str) {
    let world = async |settings: &[(&str, &str)]| {
        let (world, acme) = new(settings);
        world.edit(acme, |c| c.account_reference.clear());
        Held::of(world, acme, code).await
    };
    let mut held = world(CREATING).await;
    held.says("enter one").await;
    held.edit(|c| c.account_reference = "A1".into()).await;
    held.is_linked().await;
    let mut held = world(CREATING).await;
    held.says("GenerateAccountRef=true").await;
    held.world.set("GENERATE_ACCOUNT_REF", "true");
    held.world.references_are_read(true).await;
    held.world.sync(&[held.acme]).await;
    held.is_linked().await;
}

async fn account_reference_changed(code: &'static str) {
    for mends_xero in [true, false] {
        let (world, acme, xero) = linked(&[]).await;
        world.edit_in_xero(xero, json!({"AccountNumber": "X9"}));
        look(&world, acme).await;
        let mut held = Held::by_now(world, acme, code).await;
        held.says("Make the two equal").await;
        if mends_xero {
            held.world
                .edit_in_xero(xero, json!({"AccountNumber": "A1"}));
            hourly_look(&mut held.world, acme, xero).await;
        } else {
            held.edit(|c| c.account_reference = "X9".into()).await;
        }
        assert_eq!(held.is_linked().await, xero);
    }
}

async fn merged_in_xero(code: &'static str) {
    let (world, acme, xero) = linked(&[]).await;
    let other = world.xero_contact(json!({"Name": "Acme Group", "AccountNumber": "G1"}));
    merge(&world, xero, other);
    look(&world, acme).await;
    let mut held = Held::by_now(world, acme, code).await;
    held.says("enter G1").await;
    held.edit(|c| c.account_reference = "G1".into()).await;
    assert_eq!(held.is_linked().await, other);
    // Another contact has that number in BigChange, although it is not linked.
    for deletes in [true, false] {
        let (mut world, acme, xero) = linked(&[]).await;
        let other = world.xero_contact(
            json!({"Name": "Acme Group", "AccountNumber": "G1", "ContactStatus": "ARCHIVED"}),
        );
        let bolt = world.customer_with_reference("Bolt", "G1");
        world.sync(&[bolt]).await;
        assert_eq!(world.problem_code(bolt).await, "ArchivedInXero");
        world.edit_in_xero(other, json!({"ContactStatus": "ACTIVE"}));
        merge(&world, xero, other);
        look(&world, acme).await;
        let mut held = Held::by_now(world, acme, code).await;
        held.says("delete the other one in BigChange").await;
        if deletes {
            held.world
                .network
                .bigchange()
                .delete(held.world.network.now(), bolt);
        } else {
            held.says("give that one another account reference").await;
            held.world.edit(bolt, |c| c.account_reference = "B7".into());
        }
        held.world.sync(&[bolt]).await;
        held.says("enter").await;
        held.edit(|c| c.account_reference = "G1".into()).await;
        assert_eq!(held.is_linked().await, other);
    }
}

async fn number_held_by_archived(code: &'static str) {
    let (world, acme, xero) = linked(&[]).await;
    let other = world.xero_contact(json!({"Name": "Acme Group"}));
    merge(&world, xero, other);
    look(&world, acme).await;
    let mut held = Held::by_now(world, acme, code).await;
    held.says("a new account reference").await;
    held.edit(|c| c.account_reference = "A9".into()).await;
    assert_eq!(held.is_linked().await, other);
    assert_eq!(held.world.in_xero(other).text("AccountNumber"), "A9");
}

async fn changed_in_both(code: &'static str) {
    let held = async || {
        let (world, acme, xero) = linked(&[("ON_CONFLICT", "hold")]).await;
        world.edit_in_xero(xero, json!({"EmailAddress": "xero@acme.example"}));
        world.edit(acme, |c| c.email = "bigchange@acme.example".into());
        (Held::of(world, acme, code).await, xero)
    };
    let (mut in_bigchange, xero) = held().await;
    in_bigchange.says("enter Xero's value in BigChange").await;
    in_bigchange
        .edit(|c| c.email = "xero@acme.example".into())
        .await;
    assert_eq!(in_bigchange.is_linked().await, xero);
    let (mut in_xero, xero) = held().await;
    in_xero.says("BigChange's in Xero").await;
    let email = json!({"EmailAddress": "bigchange@acme.example"});
    in_xero.world.edit_in_xero(xero, email);
    hourly_look(&mut in_xero.world, in_xero.acme, xero).await;
    assert_eq!(in_xero.is_linked().await, xero);
    for side in [rules::Side::BigChange, rules::Side::Xero] {
        let (said, xero) = held().await;
        said.says("contact-sync keep … --bigchange or --xero").await;
        let (records, acme) = (said.world.records(), contact(said.acme));
        let units = manual_match::held_units(&records, acme).await.unwrap();
        manual_match::keep(&records, acme, side, &units, at(&said.world))
            .await
            .unwrap();
        said.world.sync(&[said.acme]).await;
        assert_eq!(said.is_linked().await, xero);
    }
}

async fn unlinked_by_person(code: &'static str) {
    let unlinked = async || {
        let (world, acme, _) = linked(&[]).await;
        let other = world.xero_contact(json!({"Name": "Bolt", "AccountNumber": "X9"}));
        let held = Held {
            world,
            acme,
            code: "",
        };
        held.unlink().await;
        (Held::by_now(held.world, acme, code).await, other)
    };
    let (mut held, other) = unlinked().await;
    held.says("Correct the account reference or the name").await;
    held.edit(|c| c.account_reference = "X9".into()).await;
    assert_eq!(held.is_linked().await, other);
    let (held, other) = unlinked().await;
    held.says("contact-sync link").await;
    held.world.edit_in_xero(other, json!({"AccountNumber": ""}));
    // The old one has its number still, so it is told that first.
    link(&held.world, held.acme, other).await;
    let next = held.world.problem_code(held.acme).await;
    assert!(
        ["", "RefusedByXero", "AmbiguousMatch"].contains(&next),
        "{next}"
    );
}

async fn linked_contact_not_in_xero(code: &'static str) {
    let (world, acme, right) = linked(&[]).await;
    let mut record = world.record(acme).await;
    let gone: rules::XeroContactId = Uuid::from_u128(0x99).try_into().unwrap();
    record.link.as_mut().unwrap().xero_id = gone;
    world.put(acme, &record).await;
    look(&world, acme).await;
    let held = Held::by_now(world, acme, code).await;
    held.says("contact-sync unlink").await;
    held.unlink().await;
    // By now it is found by its account number.
    assert_eq!(held.is_linked().await, right);
}

async fn website_in_xero(code: &'static str) {
    let (world, acme, xero) = linked(&[]).await;
    world.edit_in_xero(xero, json!({"Website": "acme"}));
    world.edit(acme, |c| c.phone = "+4420".into());
    let mut held = Held::of(world, acme, code).await;
    held.says("correct or clear the website").await;
    held.world.edit_in_xero(xero, json!({"Website": ""}));
    hourly_look(&mut held.world, acme, xero).await;
    assert_eq!(held.is_linked().await, xero);
    assert_eq!(
        held.world.in_xero(xero).phone("DEFAULT", "PhoneNumber"),
        "+4420"
    );
}

async fn incomplete_answer(code: &'static str) {
    let (mut world, acme) = new(CREATING);
    {
        let mut bigchange = world.network.bigchange();
        let left_out = &mut bigchange.behaviour.left_out_of_details;
        left_out.insert(acme, ["AccountReference".to_owned()].into());
    }
    world.sync(&[acme]).await;
    world.settle().await;
    let held = Held::by_now(world, acme, code).await;
    held.says("accounts package is chosen").await;
    let network = &held.world.network;
    network.bigchange().behaviour.left_out_of_details.clear();
    held.world.try_again(&[acme]).await;
    held.world.sync(&[acme]).await;
    held.is_linked().await;
}

async fn xero_refuses_lookups(code: &'static str) {
    let (mut world, acme) = new(CREATING);
    world.organisation_has_pages(60).await;
    {
        let mut xero = world.network.xero();
        xero.config_mut().refuse_filters = Some(QueryRefusal::HighVolume);
        xero.config_mut().refuse_searches = Some(QueryRefusal::HighVolume);
    }
    world.sync(&[acme]).await;
    world.settle().await;
    let held = Held::by_now(world, acme, code).await;
    held.says("create it there if it is not found").await;
    let made = held
        .world
        .xero_contact(json!({"Name": "Acme", "AccountNumber": "A1"}));
    held.says("contact-sync link").await;
    link(&held.world, acme, made).await;
    assert_eq!(held.is_linked().await, made);
}

async fn refused_by_xero(code: &'static str) {
    let (mut world, acme) = new(CREATING);
    let refuses = fake_xero::FaultKind::Garbled {
        how: fake_xero::Garbling::NothingDone,
    };
    let fault = fake_xero::Fault::next_call(refuses).on("PUT", "/Contacts");
    world.network.xero().inject(fault.times(2));
    world.sync(&[acme]).await;
    world.settle().await;
    let mut held = Held::by_now(world, acme, code).await;
    held.says("Correct in BigChange what Xero's words name")
        .await;
    held.edit(|c| c.phone = "+4420".into()).await;
    held.is_linked().await;
}

async fn refused_by_bigchange(code: &'static str) {
    let (world, acme) = new(CREATING);
    world.edit(acme, |c| c.account_type = None);
    let rights = |world: &World, has: bool| {
        let mut bigchange = world.network.bigchange();
        let without = &mut bigchange.behaviour.actions_without_right;
        without.clear();
        if !has {
            without.insert("contactextrasave".into());
        }
    };
    rights(&world, false);
    let held = Held::of(world, acme, code).await;
    held.says("the rights of the user").await;
    rights(&held.world, true);
    held.world.sync(&[acme]).await;
    held.is_linked().await;
}
