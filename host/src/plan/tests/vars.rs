//! Variables, and what `-e` does to them.

use super::{checked, errors_with};

const PLAN: &str = r#"[vars]
version = "1.0"
port = 80
debug = false
ratio = 0.5
url = "http://{{ vars.name | default('localhost') }}:{{ vars.port }}"
[[task]]
know = {}
"#;

fn var(settings: &[&str], name: &str) -> String {
    let plan = checked(PLAN, settings).unwrap();
    plan.vars.get_attr(name).unwrap().to_string()
}

#[test]
fn a_variable_may_use_those_above_it() {
    assert_eq!(var(&[], "url"), "http://localhost:80");
    assert_eq!(var(&["port=81", "name=web"], "url"), "http://web:81");
}

#[test]
fn a_setting_has_the_type_of_what_it_replaces() {
    let plan = checked(
        PLAN,
        &["version=1.10", "port=8080", "debug=true", "ratio=1"],
    )
    .unwrap();
    let get = |name| plan.vars.get_attr(name).unwrap();
    assert_eq!(get("version").as_str(), Some("1.10"));
    assert_eq!(get("port").as_i64(), Some(8080));
    assert!(get("debug").is_true());
    let expected = "\
error[plan]: `-e port=eighty` does not fit: `port` is the integer 80
 --> deploy.toml:3:8
  |
3 | port = 80
  |        ^^

";
    assert_eq!(errors_with(PLAN, &["port=eighty"]), expected);
}

#[test]
fn a_setting_in_the_place_of_an_expression_has_the_type_that_it_looks_like() {
    let plan = "[vars]\nbase = 8000\nport = \"{{ vars.base + 80 }}\"\nat = \"web:{{ vars.port }}\"\n\
        [[task]]\nplace = { path = \"/srv\", port = \"{{ vars.port }}\" }\n";
    let get = |setting: &str, name: &str| {
        let plan = checked(plan, &[setting]).unwrap();
        plan.vars.get_attr(name).unwrap()
    };
    assert_eq!(get("port=9000", "port").as_i64(), Some(9000));
    assert_eq!(get("port=9000", "at").as_str(), Some("web:9000"));
    // Text around an expression makes text, whatever stands in its place.
    assert_eq!(get("at=9000", "at").as_str(), Some("9000"));
}

#[test]
fn a_new_variable_is_text_unless_it_cannot_be() {
    let text = "[[task]]\nrun = { argv = [\"{{ vars.a }}\"], timeout-ms = \"{{ vars.b }}\" }\n";
    let plan = checked(text, &["a=1.10", "b=5"]).unwrap();
    assert_eq!(plan.vars.get_attr("a").unwrap().as_str(), Some("1.10"));
    assert_eq!(plan.vars.get_attr("b").unwrap().as_i64(), Some(5));
    let plan = checked(text, &["a=0644", "b=5"]).unwrap();
    assert_eq!(plan.vars.get_attr("a").unwrap().as_str(), Some("0644"));
}

#[test]
fn a_setting_that_nothing_uses_is_a_slip() {
    assert_eq!(
        errors_with(PLAN, &["prot=1"]),
        "error[plan]: no variable `prot` to set with -e in deploy.toml\n  = help: did you mean `port`?\n\n"
    );
    let any = "[[task]]\nrun = { argv = [\"{{ vars['x'] }}\"] }\n";
    assert!(checked(any, &["x=1"]).is_err_and(|error| error.contains("does not fit")));
}

#[test]
fn settings_come_from_files_too() {
    let directory = std::env::temp_dir().join(format!("zymogen-vars-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let toml = directory.join("vars.toml");
    std::fs::write(&toml, "port = 81\nname = 'toml'\n").unwrap();
    let json = directory.join("vars.json");
    std::fs::write(&json, "{\"name\": \"json\"}").unwrap();
    let (toml, json) = (
        format!("@{}", toml.display()),
        format!("@{}", json.display()),
    );
    assert_eq!(var(&[&toml], "url"), "http://toml:81");
    assert_eq!(var(&[&toml, &json], "url"), "http://json:81");
    assert_eq!(var(&[&json, &toml, "port=82"], "url"), "http://toml:82");
    assert!(errors_with(PLAN, &["@/no/such/file"]).contains("cannot read the variables"));
    std::fs::remove_dir_all(&directory).unwrap();
}
