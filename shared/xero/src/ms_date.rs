//! Xero's dates: `/Date(1789378193539)/` or `/Date(1789378193493+0000)/`.

use time::OffsetDateTime;

/// Reads a date. The milliseconds count from 1970 in UTC; the offset, where there is one, only says how the server would show it.
pub(crate) fn parse(text: &str) -> Option<OffsetDateTime> {
    let inner = text.trim().strip_prefix("/Date(")?.strip_suffix(")/")?;
    let sign = inner.get(1..)?.find(['+', '-']).map(|at| at + 1);
    let (millis, offset) = inner.split_at(sign.unwrap_or(inner.len()));
    let offset_is_plain = offset.is_empty()
        || (offset.len() == 5 && offset.bytes().skip(1).all(|b| b.is_ascii_digit()));
    if !offset_is_plain {
        return None;
    }
    let millis: i64 = millis.parse().ok()?;
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    #[test]
    fn both_forms_are_read() {
        let expected = Some(datetime!(2026-09-14 10:09:53.539 UTC));
        assert_eq!(parse("/Date(1789380593539)/"), expected);
        assert_eq!(parse("/Date(1789380593539+0000)/"), expected);
        assert_eq!(
            parse("/Date(1789380593539+1300)/"),
            expected,
            "the milliseconds are UTC whatever the offset"
        );
        assert_eq!(
            parse("/Date(-1000)/"),
            Some(datetime!(1969-12-31 23:59:59 UTC))
        );
    }

    #[test]
    fn anything_else_is_no_date() {
        for text in [
            "",
            "/Date()/",
            "/Date(1",
            "/Date(é)/",
            "/Date(1+00)/",
            "/Date(1+abcd)/",
            "/Date(99999999999999999999)/",
            "2026-09-14T10:09:53Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*", inner in ".{0,30}") {
            let _ = parse(&text);
            let _ = parse(&format!("/Date({inner})/"));
        }
    }
}
