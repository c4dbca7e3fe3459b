//! How far to read a list that comes in pages.

use std::collections::HashSet;

use rules::{XeroContact, XeroContactId};

/// What to do after a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Ask for this page.
    Next(u32),
    /// Every page was read.
    End,
    /// There are more pages than are to be read: what came cannot be taken for everything.
    TooMany,
}

/// Walks through the pages of one list.
///
/// Xero says with each page how many there are. Field reports show lists that do not say, and pages
/// past the end that say 1 and are empty; so the walk ends at the page count where there is one, at a
/// page without a contact that no page before it had, and in any case at the most pages that the
/// caller reads.
#[derive(Debug, Clone)]
pub struct Pages {
    page: u32,
    most: u32,
    seen: HashSet<XeroContactId>,
}

impl Pages {
    /// A walk through at most `most` pages, which begins at page 1.
    #[must_use]
    pub fn at_most(most: u32) -> Self {
        Self {
            page: 1,
            most,
            seen: HashSet::new(),
        }
    }

    /// A walk that goes on at a page where an earlier one stopped, to the end of the list.
    #[must_use]
    pub fn going_on_at(page: u32) -> Self {
        Self {
            page: page.max(1),
            ..Self::at_most(u32::MAX)
        }
    }

    /// The page to ask for now, counted from 1.
    #[must_use]
    pub fn page(&self) -> u32 {
        self.page
    }

    /// Takes the page that was asked for, and says what to do next. `unreadable` elements of it count
    /// as contacts that may be new only while the page count says that more follow.
    pub fn take(
        &mut self,
        contacts: &[XeroContact],
        unreadable: usize,
        page_count: Option<u32>,
    ) -> Step {
        let mut has_new = false;
        for contact in contacts {
            has_new |= self.seen.insert(contact.id);
        }
        let has_more = match page_count {
            Some(pages) => pages > self.page && (has_new || unreadable > 0),
            None => has_new,
        };
        let is_too_long = page_count.is_some_and(|pages| pages > self.most);
        if is_too_long || (has_more && self.page >= self.most) {
            return Step::TooMany;
        }
        if !has_more {
            return Step::End;
        }
        self.page += 1;
        Step::Next(self.page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::ContactStatus;

    fn contacts(ids: impl IntoIterator<Item = u128>) -> Vec<XeroContact> {
        ids.into_iter()
            .filter_map(|id| uuid::Uuid::from_u128(id).try_into().ok())
            .map(|id| XeroContact {
                id,
                name: String::new(),
                account_number: String::new(),
                contact_number: None,
                status: ContactStatus::Active,
                merged_into: None,
                data: rules::ContactData::default(),
                details: None,
            })
            .collect()
    }

    #[test]
    fn a_walk_ends_at_the_page_count() {
        let mut pages = Pages::at_most(5);
        assert_eq!(pages.take(&contacts(1..3), 0, Some(2)), Step::Next(2));
        assert_eq!(pages.take(&contacts(3..5), 0, Some(2)), Step::End);
        assert_eq!(Pages::at_most(5).take(&[], 0, Some(0)), Step::End);
    }

    #[test]
    fn without_a_page_count_it_ends_at_a_page_without_a_new_contact() {
        let mut pages = Pages::at_most(5);
        assert_eq!(pages.take(&contacts(1..3), 0, None), Step::Next(2));
        // Short, but Xero may have chosen the size.
        assert_eq!(pages.take(&contacts(2..4), 0, None), Step::Next(3));
        assert_eq!(pages.take(&contacts(1..4), 0, None), Step::End);
        assert_eq!(Pages::at_most(5).take(&[], 0, None), Step::End);
    }

    #[test]
    fn a_page_past_the_end_ends_it_whatever_it_says() {
        let mut pages = Pages::at_most(5);
        assert_eq!(pages.take(&contacts(1..3), 0, Some(3)), Step::Next(2));
        assert_eq!(pages.take(&[], 0, Some(1)), Step::End);
    }

    #[test]
    fn an_unreadable_page_is_no_end_while_more_are_promised() {
        let mut pages = Pages::at_most(5);
        assert_eq!(pages.take(&[], 7, Some(2)), Step::Next(2));
        assert_eq!(pages.take(&contacts(1..3), 0, Some(2)), Step::End);
    }

    #[test]
    fn there_is_a_most() {
        assert_eq!(
            Pages::at_most(2).take(&contacts(1..3), 0, Some(3)),
            Step::TooMany
        );
        let mut pages = Pages::at_most(2);
        assert_eq!(pages.take(&contacts(1..3), 0, None), Step::Next(2));
        assert_eq!(pages.take(&contacts(3..5), 0, None), Step::TooMany);
    }
}
