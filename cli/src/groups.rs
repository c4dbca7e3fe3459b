//! `groups`: BigChange's contact groups, with the ids that the settings take.

use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use bigchange::{BigChange, Credentials};
use poll::PollError;
use rules::{Group, GroupId, Settings};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::json;
use transport::HttpTransport;
use url::Url;

use crate::ExitStatus;
use crate::args::{GroupsArguments, Target};
use crate::connect;
use crate::tool::Tool;
use crate::ui::{Tone, Ui, one_line, toned};

/// More pages of a thousand than any group has.
const MAX_PAGES: u32 = 200;
const BIGCHANGE_URL: &str = "https://webservice.bigchange.com/v01/services.ashx";

const MISSING: &str = "missing: BigChange has no such contact group";

/// A group and who is in it.
#[derive(Debug, Serialize)]
struct Counted {
    id: GroupId,
    name: String,
    /// Contacts without a parent; `None` where BigChange does not give the group out.
    parents: Option<usize>,
    /// Contacts with a parent.
    sites: Option<usize>,
    /// The parameter that names it, if one does.
    setting: Option<&'static str>,
    /// What is wrong with it.
    remark: String,
}

/// Runs it: of a deployed stack, or before there is one with credentials that are asked for.
///
/// # Errors
/// Where BigChange does not answer.
pub async fn run(
    target: &Target,
    arguments: &GroupsArguments,
    ui: Ui,
) -> anyhow::Result<ExitStatus> {
    if target.stack.is_none() && target.local.is_none() {
        let bigchange = before_deployment(ui, arguments).await?;
        return show(ui, &count(ui, &bigchange, None).await?, false);
    }
    let tool = Tool::open(target, ui).await?;
    let bigchange = tool.real_parts().bigchange().await?;
    let settings = &tool.configuration.settings;
    show(ui, &count(ui, &bigchange, Some(settings)).await?, true)
}

/// Names every group, for whoever gave an id that is none.
#[must_use]
pub fn listed(groups: &[Group]) -> String {
    let groups = groups.iter();
    let named: Vec<String> = groups
        .map(|group| format!("{} {}", group.id, one_line(&group.name)))
        .collect();
    if named.is_empty() {
        return "it has no groups".to_owned();
    }
    format!("it has {}", named.join(" · "))
}

/// The groups of the settings that BigChange does not have, with the parameter that names each.
fn missing(settings: &Settings, groups: &[Group]) -> Vec<(GroupId, &'static str)> {
    let configured = settings.account_groups.iter().chain(&settings.site_groups);
    let missing = configured.filter(|id| !groups.iter().any(|group| group.id == **id));
    let named = missing.filter_map(|id| Some((*id, setting_of(settings, *id)?)));
    named.collect()
}

/// Which groups of the settings BigChange does not have, and which it has; `None` where it has all.
/// `names_parameters`: for a reader who knows them.
#[must_use]
pub fn not_there(settings: &Settings, groups: &[Group], names_parameters: bool) -> Option<String> {
    let missing = missing(settings, groups);
    let named: Vec<String> = missing
        .iter()
        .map(|(id, setting)| match names_parameters {
            true => format!("{id} ({setting})"),
            false => id.to_string(),
        })
        .collect();
    (!named.is_empty()).then(|| {
        format!(
            "BigChange has no contact group {}; {}.",
            named.join(", "),
            listed(groups)
        )
    })
}

/// A poll that could read no group, with the groups that there are: an id may be mistyped.
pub(crate) async fn explained(tool: &Tool, error: PollError) -> anyhow::Error {
    if !matches!(error, PollError::Groups { .. }) {
        return error.into();
    }
    let Ok(groups) = tool.groups().await else {
        return error.into();
    };
    let there = not_there(&tool.configuration.settings, &groups, true);
    let there = there.unwrap_or_else(|| format!("BigChange: {}.", listed(&groups)));
    anyhow!("{error}. {there}")
}

async fn before_deployment(ui: Ui, arguments: &GroupsArguments) -> anyhow::Result<BigChange> {
    let url = match &arguments.bigchange_url {
        Some(url) => url.clone(),
        None => Url::parse(BIGCHANGE_URL)?,
    };
    let is_loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
    if url.scheme() != "https" && !is_loopback {
        bail!("--bigchange-url takes an https address: the password goes there");
    }
    ui.tell("No stack is given (--stack), so BigChange is asked directly; nothing is stored.");
    let secret = connect::bigchange::ask(ui).await?;
    let transport = HttpTransport::new()
        .context("no HTTPS client can be built on this machine; look at its root certificates")?;
    let credentials = Credentials {
        username: secret.username.expose_secret().to_owned(),
        password: secret.password,
        key: secret.key,
    };
    Ok(BigChange::new(Arc::new(transport), url, credentials))
}

async fn count(
    ui: Ui,
    bigchange: &BigChange,
    settings: Option<&Settings>,
) -> anyhow::Result<Vec<Counted>> {
    let groups = bigchange.groups().await?;
    let missing = settings.map(|settings| missing(settings, &groups));
    let bar = ui.bar(groups.len(), "Reading the groups");
    let mut counted = Vec::new();
    for group in groups {
        let setting = settings.and_then(|settings| setting_of(settings, group.id));
        let read = read(bigchange, group.id).await;
        let (parents, sites, remark) = match read {
            Ok((parents, sites)) => (
                Some(parents),
                Some(sites),
                remark(parents, sites, setting).to_owned(),
            ),
            Err(error) => {
                let why = error.refusal().map_or_else(|| error.to_string(), one_line);
                (None, None, format!("cannot be read: {why}"))
            }
        };
        counted.push(Counted {
            id: group.id,
            name: group.name,
            parents,
            sites,
            setting,
            remark,
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    let missing = missing.into_iter().flatten();
    counted.extend(missing.map(|(id, setting)| Counted {
        id,
        name: String::new(),
        parents: None,
        sites: None,
        setting: Some(setting),
        remark: MISSING.to_owned(),
    }));
    Ok(counted)
}

fn setting_of(settings: &Settings, group: GroupId) -> Option<&'static str> {
    if settings.account_groups.contains(&group) {
        return Some("AccountGroupIds");
    }
    let is_of_sites = settings.site_groups.contains(&group);
    is_of_sites.then_some("SiteGroupIds")
}

/// What is wrong with a group of so many contacts without and with a parent.
fn remark(parents: usize, sites: usize, setting: Option<&str>) -> &'static str {
    match setting {
        Some("SiteGroupIds") if parents > 0 => {
            "mixed: contacts without a parent do not belong here"
        }
        Some("AccountGroupIds") if sites > 0 => "mixed: site contacts do not belong here",
        None if parents > 0 && sites > 0 => "mixed: fits neither setting before it is divided",
        _ => "",
    }
}

async fn read(bigchange: &BigChange, group: GroupId) -> Result<(usize, usize), bigchange::Error> {
    let (mut parents, mut sites) = (0, 0);
    for page in 0..MAX_PAGES {
        let page = bigchange.contacts_in_group(group, page, None).await?;
        let alive = page.contacts.iter().filter(|contact| !contact.deleted);
        for contact in alive {
            match contact.parent {
                None => parents += 1,
                Some(_) => sites += 1,
            }
        }
        if page.last {
            break;
        }
    }
    Ok((parents, sites))
}

fn show(ui: Ui, groups: &[Counted], is_deployed: bool) -> anyhow::Result<ExitStatus> {
    let wrong = wrong(groups);
    let exit = if wrong.is_empty() {
        ExitStatus::Success
    } else {
        ExitStatus::Attention
    };
    if ui.json {
        ui.say_json(&json!({ "groups": groups }))?;
        return Ok(exit);
    }
    let mut listing = ui.listing(&[
        "Id",
        "Group",
        "Without parent",
        "Sites",
        "Setting",
        "Remark",
    ]);
    let number = |count: Option<usize>| count.map_or_else(|| "?".to_owned(), |n| n.to_string());
    for group in groups {
        listing.add_row([
            group.id.to_string(),
            one_line(&group.name),
            number(group.parents),
            number(group.sites),
            group.setting.unwrap_or_default().to_owned(),
            group.remark.clone(),
        ]);
    }
    ui.say(listing)?;
    if !is_deployed {
        ui.say("Account customers have no parent: give their groups' ids in AccountGroupIds, those of sites in SiteGroupIds.")?;
    }
    for line in wrong {
        ui.say(toned(Tone::Bad, line))?;
    }
    Ok(exit)
}

/// What is wrong with the groups of the settings, a line for each.
fn wrong(groups: &[Counted]) -> Vec<String> {
    let wrong = groups.iter().filter(|group| !group.remark.is_empty());
    let lines = wrong.filter_map(|group| {
        let name = match group.name.as_str() {
            "" => String::new(),
            name => format!(" {}", one_line(name)),
        };
        let (id, setting, remark) = (group.id, group.setting?, &group.remark);
        Some(format!("{id}{name} ({setting}): {remark}"))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    #[rustfmt::skip] // a table: one row, one line
    fn a_group_is_mixed_by_what_it_is_for() {
        let rows = [
            (5, 0, Some("AccountGroupIds"), ""),
            (5, 1, Some("AccountGroupIds"), "mixed: site contacts"),
            (0, 5, Some("SiteGroupIds"),    ""),
            (1, 5, Some("SiteGroupIds"),    "mixed: contacts without a parent"),
            (5, 5, None,                    "mixed: fits neither"),
            (5, 0, None,                    ""),
            (0, 0, None,                    ""),
        ];
        for (parents, sites, setting, expected) in rows {
            let remark = remark(parents, sites, setting);
            assert!(remark.starts_with(expected) && remark.is_empty() == expected.is_empty(), "{parents}, {sites}, {setting:?}: {remark}");
        }
    }

    #[test]
    fn groups_are_listed_with_their_ids() {
        let group = |id: u64, name: &str| Group {
            id: id.try_into().unwrap(),
            name: name.to_owned(),
        };
        let groups = [group(101, "Customers"), group(103, "Sites")];
        assert_eq!(listed(&groups), "it has 101 Customers · 103 Sites");
        assert_eq!(listed(&[]), "it has no groups");
    }

    #[test]
    fn a_group_that_is_wrong_is_named_with_its_setting() {
        let given = |name: &str| match name {
            "ACCOUNT_GROUP_IDS" => Some("101,998".to_owned()),
            "SITE_GROUP_IDS" => Some("999".to_owned()),
            _ => None,
        };
        let settings = Settings::read(given).unwrap();
        let there = Group {
            id: 101.try_into().unwrap(),
            name: "Customers".to_owned(),
        };
        let told = not_there(&settings, std::slice::from_ref(&there), true);
        assert_eq!(
            told.unwrap(),
            "BigChange has no contact group 998 (AccountGroupIds), 999 (SiteGroupIds); it has 101 Customers."
        );
        let admin = not_there(&settings, &[there], false).unwrap();
        assert!(!admin.contains("GroupIds"), "{admin}");
        let counted = |id: u64, name: &str, setting, remark: &str| Counted {
            id: id.try_into().unwrap(),
            name: name.to_owned(),
            parents: None,
            sites: None,
            setting,
            remark: remark.to_owned(),
        };
        let lines = wrong(&[
            counted(101, "Customers", Some("AccountGroupIds"), ""),
            counted(102, "Trade", Some("AccountGroupIds"), "mixed: x"),
            counted(105, "Leads", None, "mixed: y"),
            counted(999, "", Some("SiteGroupIds"), MISSING),
        ]);
        assert_eq!(lines[0], "102 Trade (AccountGroupIds): mixed: x");
        assert!(lines[1].starts_with("999 (SiteGroupIds): missing"));
        assert_eq!(lines.len(), 2);
    }
}
