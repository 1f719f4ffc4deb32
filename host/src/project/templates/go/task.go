// Keeps a greeting in a file: see world.wit for what goes in and comes out.
//
// The package has the name of the interface that the component exports.
package export_local_{{ident}}_task

import (
	"fmt"

	. "go.bytecodealliance.org/pkg/wit/types"
	task "wit_component/local_{{ident}}_task"
	files "wit_component/zymogen_task_files"
	contract "wit_component/zymogen_task_types"
)

const largest = 64 << 10 // bytes of a file that is there already

// Run is what the component exports.
func Run(params task.Params, mode task.Mode) Result[task.Report, task.Failure] {
	after := fmt.Sprintf("Hello, %s!\n", params.Name.SomeOr("World"))
	before, err := current(params.Path)
	if err != nil {
		return Err[task.Report](failure(*err))
	}
	if before.IsSome() && before.Some() == after {
		return report(contract.Outcome{Summary: "greeted already"})
	}
	if mode == contract.ModeApply {
		content := files.MakeContentBytes([]byte(after))
		if done := files.Replace(params.Path, content, files.Attributes{}); done.IsErr() {
			return Err[task.Report](failure(done.Err()))
		}
	}
	change := contract.Change{Subject: params.Path, Before: before, After: Some(after)}
	return report(contract.Outcome{Changed: true, Summary: "greeted", Changes: []contract.Change{change}})
}

func report(outcome contract.Outcome) Result[task.Report, task.Failure] {
	return Ok[task.Report, task.Failure](task.Report{Outcome: outcome})
}

// The text that is there, if any.
func current(path string) (Option[string], *files.Error) {
	found := files.Stat(path)
	if found.IsErr() {
		err := found.Err()
		return None[string](), &err
	}
	if found.Ok().IsNone() {
		return None[string](), nil
	}
	text := files.Read(path, largest)
	if text.IsErr() {
		err := text.Err()
		return None[string](), &err
	}
	return Some(string(text.Ok())), nil
}

// The failure that tells of an error of the host.
func failure(err files.Error) task.Failure {
	switch err.Tag() {
	case files.ErrorDenied:
		return task.Failure{Kind: contract.FailureKindDenied, Message: err.Denied()}
	case files.ErrorNotFound:
		return task.Failure{Kind: contract.FailureKindNotFound, Message: err.NotFound()}
	case files.ErrorWrongKind:
		return task.Failure{Kind: contract.FailureKindConflict, Message: err.WrongKind()}
	case files.ErrorTooLarge:
		message := fmt.Sprintf("the file has more than %d bytes", err.TooLarge())
		return task.Failure{Kind: contract.FailureKindConflict, Message: message}
	default:
		return task.Failure{Kind: contract.FailureKindIo, Message: err.Io()}
	}
}
