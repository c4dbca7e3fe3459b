//! How texts are compared.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The form in which names and numbers are unique: without case.
pub(crate) fn fold_case(text: &str) -> String {
    caseless::default_case_fold_str(text)
}

/// The form in which `where` and `searchTerm` compare: without case and accents.
pub(crate) fn fold_case_and_accents(text: &str) -> String {
    let plain: String = text.nfkd().filter(|c| !is_combining_mark(*c)).collect();
    fold_case(&plain)
}
