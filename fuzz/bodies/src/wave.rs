//! A call as the command line takes it.

use crate::types::numbered;
use crate::wit;
use host::value::{CallError, CallText, to_wave};
use std::sync::LazyLock;
use wasmtime::component::Type;

/// A parameter that may be left out.
static OPTION: LazyLock<Type> = LazyLock::new(|| wit::ty("option<u32>"));

/// Reads a call of a function with two parameters: one of the type that the first byte names, and an option. What
/// is read can be printed, and is then read as the same; what is not is wrong at places in the text.
pub fn wave(data: &[u8]) {
    let (number, text) = data.split_first().unwrap_or((&0, &[]));
    let text = String::from_utf8_lossy(text);
    let params = [
        ("value", numbered(*number).clone()),
        ("mode", OPTION.clone()),
    ];
    let call = match CallText::parse(&text) {
        Ok(call) => call,
        Err(error) => return places(&text, &error),
    };
    assert!(text.contains(call.export()) && call.export().ends_with(call.function()));
    let vals = match call.to_vals(&params) {
        Ok(vals) => vals,
        Err(error) => return places(&text, &error),
    };
    let printed: Vec<_> = vals.iter().map(to_wave).collect();
    let printed = format!("{}({})", call.export(), printed.join(", "));
    let again = CallText::parse(&printed).and_then(|call| call.to_vals(&params));
    let again = again.unwrap_or_else(|error| panic!("{printed} is printed and not read: {error}"));
    assert_eq!(again, vals, "{printed}");
}

/// Each problem has its place in the text, at most behind its last character, and can be shown there.
fn places(text: &str, error: &CallError) {
    assert_eq!(error.text, text);
    assert!(!error.problems.is_empty());
    for problem in &error.problems {
        let span = problem.span.clone();
        assert!(
            text.get(span.clone()).is_some(),
            "{span:?} of {} bytes: {}",
            text.len(),
            problem.message
        );
        assert!(!problem.message.is_empty());
    }
    assert!(error.to_string().contains('^'));
}
