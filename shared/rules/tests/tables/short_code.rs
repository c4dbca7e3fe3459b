//! Short codes of Xero organisations, and the addresses that are made with them.

use rules::ShortCode;

use crate::support::xero_id;

#[test]
fn a_short_code_is_letters_and_digits_after_an_exclamation_mark() {
    for (told, code) in [
        ("!23vhN", Some("!23vhN")),
        (" !23vhN ", Some("!23vhN")),
        ("23vhN", Some("23vhN")),
        ("!", None),
        ("", None),
        ("  ", None),
        ("!!23", None),
        ("!2/3", None),
        ("..", None),
        ("!2%2f", None),
        ("!2?x=1", None),
        ("!2#", None),
        ("!2 3", None),
        ("!2\n3", None),
        ("!é", None),
        ("@evil.example", None),
        ("//evil.example", None),
        ("javascript:alert(1)", None),
        ("\"><script>", None),
        ("!aaaaaaaaaaaaaaaaaaaa", Some("!aaaaaaaaaaaaaaaaaaaa")),
        ("!aaaaaaaaaaaaaaaaaaaaa", None),
    ] {
        let parsed = ShortCode::parse(told).map(|code| code.to_string());
        assert_eq!(parsed.as_deref(), code, "{told:?}");
    }
}

#[test]
fn a_contact_has_a_page_in_xero() {
    let code = ShortCode::parse("!23vhN").unwrap();
    assert_eq!(
        code.contact_page(xero_id(7)),
        format!(
            "https://go.xero.com/app/!23vhN/contacts/contact/{}",
            xero_id(7)
        )
    );
}
