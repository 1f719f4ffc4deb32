// Package wit_types has the types of WIT that Go lacks. It stands for the package of the same path that wit-bindgen
// names, so that a build needs no network.
package wit_types

// Unit is the type of what a `result<_, E>` has when it went well.
type Unit struct{}

const (
	OptionNone = 0
	OptionSome = 1
	ResultOk   = 0
	ResultErr  = 1
)

// Option is a value that may be absent; the zero Option is.
type Option[T any] struct {
	some  bool
	value T
}

func None[T any]() Option[T] {
	return Option[T]{}
}

func Some[T any](value T) Option[T] {
	return Option[T]{true, value}
}

func (o Option[T]) Tag() uint8 {
	if o.some {
		return OptionSome
	}
	return OptionNone
}

func (o Option[T]) IsSome() bool { return o.some }

func (o Option[T]) IsNone() bool { return !o.some }

// Some is the value. It panics if there is none.
func (o Option[T]) Some() T {
	if !o.some {
		panic("there is no value")
	}
	return o.value
}

// SomeOr is the value, or else another.
func (o Option[T]) SomeOr(other T) T {
	if o.some {
		return o.value
	}
	return other
}

// Result is what a function gave, or why it did not.
type Result[T, E any] struct {
	failed bool
	ok     T
	err    E
}

func Ok[T, E any](value T) Result[T, E] {
	return Result[T, E]{ok: value}
}

func Err[T, E any](err E) Result[T, E] {
	return Result[T, E]{failed: true, err: err}
}

func (r Result[T, E]) Tag() uint8 {
	if r.failed {
		return ResultErr
	}
	return ResultOk
}

func (r Result[T, E]) IsOk() bool { return !r.failed }

func (r Result[T, E]) IsErr() bool { return r.failed }

// Ok is what the function gave. It panics if it failed.
func (r Result[T, E]) Ok() T {
	if r.failed {
		panic("it failed")
	}
	return r.ok
}

// Err is why the function failed. It panics if it did not.
func (r Result[T, E]) Err() E {
	if !r.failed {
		panic("it did not fail")
	}
	return r.err
}

type Tuple1[A any] struct{ F0 A }

type Tuple2[A, B any] struct {
	F0 A
	F1 B
}

type Tuple3[A, B, C any] struct {
	F0 A
	F1 B
	F2 C
}

type Tuple4[A, B, C, D any] struct {
	F0 A
	F1 B
	F2 C
	F3 D
}
