//! Asks a service over HTTP, with what WASI has for that: `wasi:http`, the same in every language that has it.

#[allow(missing_docs)]
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, unused_imports))]
mod bindings {
    wit_bindgen::generate!({
        inline: r#"
            package example:fetch@0.1.0;

            /// Requests and their answers. The host speaks plain HTTP, and only to addresses that are granted (`net:HOST:PORT`).
            interface client {
                record response {
                    status: u16,
                    headers: list<tuple<string, string>>,
                    body: list<u8>,
                }

                /// Gets what is at an address such as `http://db.internal:8080/health`. The error is that of `wasi:http`.
                get: func(url: string) -> result<response, string>;

                /// Posts a body there.
                post: func(url: string, body: list<u8>) -> result<response, string>;
            }

            world fetch {
                export client;
            }
        "#,
    });
}

#[cfg(target_family = "wasm")]
mod client;
