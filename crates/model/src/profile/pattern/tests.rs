//! What Go says of expressions, which is where each answer here comes from.

use proptest::prelude::*;

use super::pattern;

/// Whether they match.
#[test]
fn expressions_mean_what_they_mean_in_go() {
    let cases = [
        ("{lambda", "a::{lambda()#1}", true),
        ("a{,5}", "a{,5}", true),
        ("a{", "a{", true),
        (r"\Qa.b\E", "a.b", true),
        (r"\Qa.b*", "a.b*", true),
        ("[[a]", "[", true),
        ("[a&&b]", "&", true),
        (r"\d", "٣", false),
        (r"\d+", "42", true),
        (r"\w", "é", false),
        (r"[^\d]", "7", false),
        (r"[\w.]+", "a.b", true),
        ("(?i)HTTP", "http", true),
        ("(?i:A)b", "ab", true),
        ("(?-i)a", "a", true),
        ("(?s).", "x", true),
        (r"\101", "A", true),
        (r"\x{1F600}", "😀", true),
        ("[^a]", "x", true),
        ("(?P<name>a)", "a", true),
        ("(?<name>a)", "a", true),
        (r"^main\.", "main.go", true),
        ("New.*Grow", "NewRingGrowing", true),
        ("a]}", "a]}", true),
        (r"\bfoo\b", "a foo b", true),
        (r"\_", "_", true),
        ("[]a]", "]", true),
        (r"[a\]b]", "]", true),
        (r"\p{Greek}", "α", true),
        (r"\p{^Greek}", "α", false),
        (r"\PN", "1", false),
        ("x{0}", "y", true),
        ("(|a)*", "a", true),
        ("()", "a", true),
        (r"[\x00-\x{10FFFF}]", "a", true),
        ("(?U)a+", "aa", true),
        ("é+", "é", true),
        ("[é-ü]", "é", true),
    ];
    for (expression, text, matches) in cases {
        assert_eq!(pattern(expression).map(|p| p.is_match(text)), Ok(matches), "{expression}");
    }
}

/// What is wrong with them.
#[test]
fn errors_read_as_in_go() {
    let cases = [
        ("(", "missing closing ): `(`"),
        (")", "unexpected ): `)`"),
        ("a)", "unexpected ): `a)`"),
        ("[a", "missing closing ]: `[a`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a*?*", "invalid nested repetition operator: `*?*`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a|*", "missing argument to repetition operator: `*`"),
        ("(*)", "missing argument to repetition operator: `*`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("a{2,1}", "invalid repeat count: `{2,1}`"),
        (r"\", "trailing backslash at end of expression: ``"),
        (r"\q", r"invalid escape sequence: `\q`"),
        (r"\8", r"invalid escape sequence: `\8`"),
        (r"\x4", r"invalid escape sequence: `\x4`"),
        (r"\x{zz}", r"invalid escape sequence: `\x{z`"),
        (r"\x{41", r"invalid escape sequence: `\x{41`"),
        (r"\pX", r"invalid character class range: `\pX`"),
        (r"\p{Foo}", r"invalid character class range: `\p{Foo}`"),
        (r"\p{Gre", r"invalid character class range: `\p{Gre`"),
        ("(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
        ("(?", "invalid or unsupported Perl syntax: `(?`"),
        ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
        ("(?-)a", "invalid or unsupported Perl syntax: `(?-)`"),
        ("(?P<n", "invalid named capture: `(?P<n`"),
        ("(?P<a b>c)", "invalid named capture: `(?P<a b>`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        (r"\C", r"invalid escape sequence: `\C`"),
        ("[a--b]", "invalid character class range: `a--`"),
    ];
    for (expression, why) in cases {
        let error = pattern(expression).map(|_| ()).unwrap_err();
        assert_eq!(error, format!("error parsing regexp: {why}"), "{expression}");
    }
}

/// Neither size nor depth gets through.
#[test]
fn expressions_have_limits() {
    let huge = r"(?i)\pL{1000}".to_string();
    assert_eq!(pattern(&huge).unwrap_err(), format!("error parsing regexp: expression too large: `{huge}`"));
    let deep = "(".repeat(5000);
    assert!(pattern(&deep).unwrap_err().starts_with("error parsing regexp: expression nests too deeply"));
}

proptest! {
    /// Whatever is typed is an expression or an error, never a panic.
    #[test]
    fn nothing_panics(text in r"[a*+?{}()\[\]\\|^$.,:<>P=pQEx0-9 é-]{0,12}") {
        let _ = pattern(&text);
    }

    /// A quoted text finds itself.
    #[test]
    fn quoted_text_matches_itself(text in "[ -~é]{0,12}") {
        prop_assume!(!text.contains(r"\E"));
        let quoted = pattern(&format!(r"^\Q{text}\E$")).unwrap();
        prop_assert!(quoted.is_match(&text));
    }
}
