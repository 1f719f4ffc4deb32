//! Expressions, strict.

use crate::plan::Engine;
use crate::plan::scope::{Common, Scope};
use minijinja::Value;
use minijinja::value::ValueKind;
use serde_json::json;

fn scope() -> Value {
    let vars = Value::from_pairs([
        ("port", Value::from(80)),
        ("name", Value::from("web")),
        ("on", Value::from(true)),
        ("nothing", Value::from(())),
        ("tags", Value::from(vec!["a", "b"])),
    ]);
    let mut scope = Scope::new(vars);
    let common = Common {
        changed: true,
        failed: false,
        skipped: false,
        summary: "done",
    };
    let report = json!({
        "outcome": { "changed": true },
        "memory-bytes": 5,
        "os": { "pretty-name": "X" },
        "load": 0.5,
        "none": null,
    });
    scope.register("facts", common, &report);
    scope.context()
}

fn text(template: &str) -> String {
    let value = Engine::new().value(template, &scope()).unwrap();
    value.as_str().unwrap().to_owned()
}

fn error(template: &str) -> (String, Option<String>) {
    let error = Engine::new().value(template, &scope()).unwrap_err();
    let part = error.range.map(|range| template[range].to_owned());
    (error.message, part)
}

#[test]
fn text_around_an_expression_makes_text() {
    assert_eq!(
        text("http://{{ vars.name }}:{{ vars.port }}/\n"),
        "http://web:80/\n"
    );
    assert_eq!(text("{% if vars.on %}yes{% endif %}"), "yes");
    assert_eq!(text("on = {{ vars.on }}"), "on = true");
    assert_eq!(text("{{ vars.tags | join('-') }}!"), "a-b!");
    assert_eq!(text("no template"), "no template");
    assert_eq!(
        text("{{ facts.os.pretty_name }} {{ facts.memory_bytes }}"),
        "X 5"
    );
}

#[test]
fn an_expression_alone_keeps_its_type() {
    let engine = Engine::new();
    let kind = |template| engine.value(template, &scope()).unwrap().kind();
    assert_eq!(kind("{{ vars.port }}"), ValueKind::Number);
    assert_eq!(kind("{{ vars.port + 1 }}"), ValueKind::Number);
    assert_eq!(kind("{{ vars.on }}"), ValueKind::Bool);
    assert_eq!(kind("{{ vars.tags }}"), ValueKind::Seq);
    assert_eq!(kind("{{ facts.none }}"), ValueKind::None);
    assert_eq!(kind("{{ vars.port }} "), ValueKind::String);
    assert_eq!(kind("{{ vars.port }}{{ vars.port }}"), ValueKind::String);
    assert_eq!(kind("{{ '}}' }}"), ValueKind::String);
}

#[test]
fn what_does_not_exist_is_an_error() {
    let undefined = |name: &str| (format!("`{name}` is undefined"), Some(name.to_owned()));
    assert_eq!(error("x {{ vars.prot }}"), undefined("vars.prot"));
    assert_eq!(error("{{ vars.prot }}"), undefined("vars.prot"));
    assert_eq!(error("{{ prot }}"), undefined("prot"));
    assert_eq!(text("{{ vars.prot | default('d') }}"), "d");
    // The module's own outcome is under the names that all tasks have.
    assert_eq!(
        error("{{ facts.outcome.changed }}").0,
        "`facts.outcome` is undefined"
    );
}

#[test]
fn none_has_no_text() {
    let (message, _) = error("mode = {{ vars.nothing }}");
    assert!(message.starts_with("the value is none"), "{message}");
}

#[test]
fn a_template_cannot_run_for_ever() {
    let endless = "{% for a in range(10000) %}{% for b in range(10000) %}x{% endfor %}{% endfor %}";
    assert!(error(endless).0.contains("fuel"), "{:?}", error(endless));
}

#[test]
fn names_are_known_without_values() {
    let engine = Engine::new();
    let names = |template| {
        engine
            .names(template)
            .unwrap()
            .into_iter()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names("{{ a.b.c }} {{ range(3) }} {{ vars['x'] }}"),
        ["a.b.c", "vars"]
    );
    assert_eq!(names("{{ a.b.c }}"), ["a.b.c"]);
    assert!(names("plain").is_empty());
    assert!(engine.names("{{ a b }}").is_err());
    assert!(engine.names("{{ a").is_err());
}

#[test]
fn conditions_say_yes_or_no() {
    let engine = Engine::new();
    assert_eq!(
        engine.condition("facts.changed and vars.port == 80", &scope()),
        Ok(true)
    );
    assert_eq!(
        engine.condition("vars.prot is defined", &scope()),
        Ok(false)
    );
    assert!(engine.condition("vars.port", &scope()).is_err());
    assert!(engine.condition("vars.prot", &scope()).is_err());
    assert!(engine.condition("'false'", &scope()).is_err());
}
