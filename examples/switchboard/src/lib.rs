//! Passes calls on: to modules elsewhere, to services of the master, to channels.

#[allow(missing_docs)]
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, unused_imports))]
mod bindings {
    wit_bindgen::generate!({
        inline: r#"
            package example:switchboard@0.1.0;

            /// What comes in JSON goes out in JSON.
            interface lines {
                /// Calls a function of a module elsewhere. The error says which kind it is, and why.
                call: func(callee: string, function: string, arguments: string) -> result<string, string>;

                /// Calls a method of a service of the master.
                method: func(service: string, method: string, argument: string) -> result<string, string>;

                /// Sends a text into a channel.
                say: func(channel: string, text: string) -> result<_, string>;

                /// Waits for a text in a channel.
                hear: func(channel: string, timeout-ms: option<u64>) -> result<option<string>, string>;
            }

            world switchboard {
                import zymogen:task/contexts@0.1.0;
                import zymogen:task/services@0.1.0;
                import zymogen:task/channels@0.1.0;
                export lines;
            }
        "#,
        path: "../../wit",
        world: "example:switchboard/switchboard",
        generate_all,
    });
}

use bindings::zymogen::task::{channels, contexts, services};

#[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
struct Switchboard;

// The names of a component's exports are none that a native linker takes.
#[cfg(target_family = "wasm")]
bindings::export!(Switchboard with_types_in bindings);

impl bindings::exports::example::switchboard::lines::Guest for Switchboard {
    fn call(callee: String, function: String, arguments: String) -> Result<String, String> {
        contexts::call(&callee, &function, &arguments).map_err(|error| error.to_string())
    }

    fn method(service: String, method: String, argument: String) -> Result<String, String> {
        services::call(&service, &method, &argument).map_err(|error| error.to_string())
    }

    fn say(channel: String, text: String) -> Result<(), String> {
        channels::send(&channel, text.as_bytes()).map_err(|error| error.to_string())
    }

    fn hear(channel: String, timeout_ms: Option<u64>) -> Result<Option<String>, String> {
        let heard = channels::receive(&channel, timeout_ms).map_err(|error| error.to_string())?;
        Ok(heard.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}
