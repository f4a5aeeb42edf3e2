use proc_macro2::TokenStream;
use quote::quote;

use crate::binding::snake_case;
use crate::expand;
use crate::form::Form;

fn derive(input: TokenStream) -> syn::Result<TokenStream> {
    expand::derive(Form::Channel, input)
}

fn errors(input: TokenStream) -> Vec<String> {
    let error = derive(input).expect_err("must be refused");
    error.into_iter().map(|error| error.to_string()).collect()
}

/// What is written for the body of a channel, without spaces.
fn written(input: TokenStream) -> String {
    derive(input).expect("is a channel").to_string().replace(' ', "")
}

fn assert_has(written: &str, part: TokenStream) {
    let part = part.to_string().replace(' ', "");
    assert!(written.contains(&part), "{part}\nis not in\n{written}");
}

#[test]
fn writes_the_whole_impl() {
    let expected = quote! {
        #[automatically_derived]
        impl ::roomful::Channel for Board {
            const PATTERN: &'static str = "board/:boardId/:view?";
            type Incoming = CursorMsg;
            type Outgoing = CursorMsg;
            type Presence = CursorState;
            type Info = Card;
            type Event = CursorMsg;

            fn from_params(
                params: &::roomful::__private::Params,
            ) -> ::core::result::Result<Self, ::roomful::__private::KeyError> {
                let _ = params;
                ::core::result::Result::Ok(Self {
                    board_id: ::std::string::String::from(params.require("boardId")?),
                    view: params.get("view").map(::std::string::String::from),
                })
            }

            fn to_params(&self) -> ::roomful::__private::Params {
                let params: [::core::option::Option<(&str, &str)>; 2usize] = [
                    ::core::option::Option::Some(("boardId", self.board_id.as_str())),
                    self.view.as_deref().map(|value| ("view", value)),
                ];
                ::core::iter::FromIterator::from_iter(::core::iter::Iterator::flatten(
                    ::core::iter::IntoIterator::into_iter(params),
                ))
            }

            fn describe(types: &mut ::roomful::__private::TypeSink) {
                ::roomful::__describe_channel!(
                    types, Incoming = CursorMsg, Outgoing = CursorMsg, Presence = CursorState, Info = Card
                );
            }

            fn describe_event(types: &mut ::roomful::__private::TypeSink) {
                ::roomful::__describe_event!(types, Event = CursorMsg);
            }
        }
    };
    let input = quote! {
        /// Live cursors on one board.
        #[channel("board/:boardId/:view?", message = CursorMsg, presence = CursorState, info = Card)]
        pub struct Board { view: Option<String>, pub board_id: String }
    };
    assert_eq!(written(input), expected.to_string().replace(' ', ""));
}

#[test]
fn what_is_not_said_is_unit() {
    for input in [quote! { #[channel("lobby")] struct Lobby; }, quote! { #[channel("lobby",)] struct Lobby {} }] {
        let written = written(input);
        assert_has(
            &written,
            quote! { type Incoming = (); type Outgoing = (); type Presence = (); type Info = (); type Event = (); },
        );
        assert_has(&written, quote! { ::core::result::Result::Ok(Self {}) });
        assert_has(&written, quote! { let params: [::core::option::Option<(&str, &str)>; 0usize] = []; });
    }
}

#[test]
fn incoming_and_outgoing_stand_for_themselves() {
    let written = written(quote! { #[channel("lobby", outgoing = Vec<(u8, [B; 2])>, incoming = a::A)] struct Lobby; });
    assert_has(
        &written,
        quote! { type Incoming = a::A; type Outgoing = Vec<(u8, [B; 2])>; type Presence = (); type Info = (); },
    );
}

#[test]
fn the_crate_may_have_another_path() {
    for path in [quote!(facade::rooms), quote!(crate), quote!(::rooms)] {
        let written = written(quote! { #[channel("lobby", crate = #path, presence = u8)] struct Lobby; });
        assert_has(&written, quote! { impl #path::Channel for Lobby });
        assert_has(&written, quote! { #path::__describe_channel! });
        assert!(!written.contains("::roomful::"));
    }
}

#[test]
fn a_param_finds_its_field_by_what_it_says_then_by_name_then_in_snake_case() {
    for (input, field) in [
        (quote! { #[channel("b/:boardId")] struct B { board_id: String } }, quote!(board_id)),
        (quote! { #[channel("b/:boardId")] struct B { boardId: String } }, quote!(boardId)),
        (quote! { #[channel("b/:boardID")] struct B { board_id: String } }, quote!(board_id)),
        (quote! { #[channel("b/:board_id")] struct B { board_id: String } }, quote!(board_id)),
        (quote! { #[channel("b/:type")] struct B { r#type: String } }, quote!(r#type)),
        (quote! { #[channel("b/:0")] struct B { #[channel(param = "0")] zero: String } }, quote!(zero)),
        (
            quote! { #[channel("b/:id")] struct B { #[channel(param = "id")] board: std::string::String } },
            quote!(board),
        ),
    ] {
        assert_has(&written(input), quote!(self.#field.as_str()));
    }
    let said_before_name = quote! {
        #[channel("b/:a/:b")] struct B { #[channel(param = "b")] a: String, #[channel(param = "a")] b: String }
    };
    assert_has(
        &written(said_before_name),
        quote! { Self {
            b: ::std::string::String::from(params.require("a")?),
            a: ::std::string::String::from(params.require("b")?),
        } },
    );
    let name_before_snake_case = quote! {
        #[channel("b/:aB/:a_b")] struct B { a_b: String, #[channel(param = "aB")] first: String }
    };
    assert_has(&written(name_before_snake_case), quote! { a_b: ::std::string::String::from(params.require("a_b")?) });
}

#[test]
fn every_kind_of_param_has_its_type() {
    for (modifier, good, bad) in [
        ("", quote!(String), quote!(Option<String>)),
        ("+", quote!(String), quote!(Option<String>)),
        ("?", quote!(Option<String>), quote!(String)),
        ("*", quote!(::std::option::Option<std::string::String>), quote!(Option<u8>)),
    ] {
        let pattern = format!("b/:id{modifier}");
        assert!(derive(quote! { #[channel(#pattern)] struct B { id: #good } }).is_ok());
        for bad in [bad, quote!(u64), quote!(&'static str), quote!(String<u8>), quote!(Option), quote!(Option<u8, u8>)]
        {
            let errors = errors(quote! { #[channel(#pattern)] struct B { id: #bad } });
            assert_eq!(errors.len(), 1);
            assert!(errors[0].starts_with(&format!("`:id{modifier}` is a")), "{errors:?}");
        }
    }
}

#[test]
fn both_halves_of_a_misspelt_field_are_told() {
    assert_eq!(
        errors(quote! { #[channel("board/:boardId")] struct Board { bord_id: String } }),
        [
            "`:boardId` has no field: add `board_id: String`",
            "`bord_id` is no param of `board/:boardId`: add `:bord_id` to the pattern, or take the field away",
        ]
    );
}

#[test]
fn a_param_that_cannot_be_a_fields_name_says_how_to_bind_it() {
    for name in ["0", "self", "type"] {
        let pattern = format!("b/:{name}?");
        let expected =
            format!("`:{name}` has no field: add one of type `Option<String>` with `#[channel(param = \"{name}\")]`");
        assert_eq!(errors(quote! { #[channel(#pattern)] struct B; }), [expected]);
    }
}

#[test]
fn every_mistake_of_the_pattern_is_a_mistake_here() {
    for pattern in ["b/:a-b", "b:id", "b/:a?/:b?", "b/:constructor", "b/:a/:a"] {
        let expected = roomful_pattern::Pattern::parse(pattern).expect_err("is no pattern").to_string();
        assert_eq!(errors(quote! { #[channel(#pattern)] struct B; }), [expected]);
    }
}

#[test]
fn snake_case_is_what_rust_would_call_it() {
    for (name, snake) in [
        ("boardId", "board_id"),
        ("boardID", "board_id"),
        ("BoardId", "board_id"),
        ("board_id", "board_id"),
        ("HTTPPort", "http_port"),
        ("x2Y", "x2_y"),
        ("userId2", "user_id2"),
        ("a", "a"),
        ("ABC", "abc"),
        ("__a", "__a"),
        ("a_B", "a_b"),
    ] {
        assert_eq!(snake_case(name), snake);
    }
}

/// What is written for a socket, without spaces.
fn written_socket(input: TokenStream) -> String {
    expand::derive(Form::Socket, input).expect("is a socket").to_string().replace(' ', "")
}

fn socket_errors(input: TokenStream) -> Vec<String> {
    let error = expand::derive(Form::Socket, input).expect_err("must be refused");
    error.into_iter().map(|error| error.to_string()).collect()
}

#[test]
fn a_socket_has_a_channels_params_and_no_presence() {
    let expected = quote! {
        #[automatically_derived]
        impl ::roomful::SocketChannel for Assistant {
            const PATTERN: &'static str = "doc/:docId/:0?";
            type Incoming = Ask;
            type Outgoing = Vec<Answer>;

            fn from_params(
                params: &::roomful::__private::Params,
            ) -> ::core::result::Result<Self, ::roomful::__private::KeyError> {
                let _ = params;
                ::core::result::Result::Ok(Self {
                    doc_id: ::std::string::String::from(params.require("docId")?),
                    zero: params.get("0").map(::std::string::String::from),
                })
            }

            fn to_params(&self) -> ::roomful::__private::Params {
                let params: [::core::option::Option<(&str, &str)>; 2usize] = [
                    ::core::option::Option::Some(("docId", self.doc_id.as_str())),
                    self.zero.as_deref().map(|value| ("0", value)),
                ];
                ::core::iter::FromIterator::from_iter(::core::iter::Iterator::flatten(
                    ::core::iter::IntoIterator::into_iter(params),
                ))
            }

            fn describe(types: &mut ::roomful::__private::TypeSink) {
                ::roomful::__describe_socket!(types, Incoming = Ask, Outgoing = Vec<Answer>);
            }
        }
    };
    let input = quote! {
        #[socket("doc/:docId/:0?", incoming = Ask, outgoing = Vec<Answer>)]
        struct Assistant { doc_id: String, #[socket(param = "0")] zero: Option<String> }
    };
    assert_eq!(written_socket(input), expected.to_string().replace(' ', ""));
}

#[test]
fn a_socket_needs_no_pattern() {
    for input in [
        quote! { #[socket(message = a::A, crate = facade)] struct Echo; },
        quote! { #[socket("", outgoing = a::A, incoming = a::A, crate = facade)] struct Echo {} },
    ] {
        let written = written_socket(input);
        assert_has(&written, quote! { impl facade::SocketChannel for Echo });
        assert_has(&written, quote! { const PATTERN: &'static str = ""; type Incoming = a::A; type Outgoing = a::A; });
    }
    assert_has(
        &written_socket(quote! { #[socket()] struct Bell; }),
        quote! { type Incoming = (); type Outgoing = (); },
    );
}

#[test]
fn every_mistake_of_a_sockets_pattern_is_a_mistake_here() {
    for pattern in ["b/:a-b", "b:id", "b/:a?/:b?", "b/:constructor", "b/:a/:a"] {
        let expected = roomful_pattern::Pattern::parse(pattern).expect_err("is no pattern").to_string();
        assert_eq!(socket_errors(quote! { #[socket(#pattern)] struct B; }), [expected]);
    }
}

#[test]
fn a_socket_is_told_its_own_words() {
    for (input, expected) in [
        (
            quote! { #[socket(presence = u8)] struct B; },
            "a socket knows no `presence`: the words are `message`, `incoming`, `outgoing` and `crate`",
        ),
        (
            quote! { #[socket(message = u8, "b/:id")] struct B { id: String } },
            "the pattern comes first, in quotes: `#[socket(\"doc/:docId\", ..)]`",
        ),
        (
            quote! { #[socket(message = u8)] struct B { id: String } },
            "`id` is no param: begin with a pattern, as in `#[socket(\"socket/:id\")]`, or take the field away",
        ),
        (
            quote! { #[socket("b/:0")] struct B; },
            "`:0` has no field: add one of type `String` with `#[socket(param = \"0\")]`",
        ),
        (
            quote! { #[socket("b/:id")] struct B { #[socket(name = "id")] id: String } },
            "a field knows no `name`: the word is `param`",
        ),
        (
            quote! { #[socket("b/:id")] struct B { #[socket()] id: String } },
            "say which param this field is: `#[socket(param = \"..\")]`",
        ),
        (quote! { #[socket()] #[socket()] struct B; }, "a second `#[socket(..)]`: put everything into one"),
        (
            quote! { struct B; },
            "`B` does not say what travels on it: add `#[socket(..)]` under the derive, as in \
             `#[socket(message = String)]`",
        ),
        (
            quote! { #[socket()] enum B {} },
            "a socket's definition is a struct with a named field for each param, or a unit struct; not an enum",
        ),
        (
            quote! { #[socket()] struct B<T> {} },
            "a socket's definition is not generic: its type is one pattern and one set of message types",
        ),
    ] {
        assert_eq!(socket_errors(input), [expected]);
    }
}
