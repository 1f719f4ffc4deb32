// The generated code calls this package by this name.
module wit_component/export_local_{{ident}}_task

go 1.25

require (
	go.bytecodealliance.org/pkg v0.2.3
	wit_component v0.0.0
)

// Both are there once `zymogen build` has run.
replace (
	go.bytecodealliance.org/pkg => ./build/bindings/pkg
	wit_component => ./build/bindings
)
