//! The impl that a derive writes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, Result, Token};

use crate::attribute::Definition;
use crate::binding::{Binding, bind};
use crate::form::Form;

/// The impl of `Channel` or `SocketChannel` for the struct in `input`.
pub(crate) fn derive(form: Form, input: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let fields = fields(form, &input)?;
    if let Some(generic) = input.generics.params.first() {
        let subject = form.subject();
        return Err(Error::new_spanned(
            generic,
            format!("{subject} is not generic: its type is one pattern and one set of message types"),
        ));
    }
    let definition = Definition::find(form, &input.ident, &input.attrs)?;
    let bindings = bind(form, &definition.pattern, &definition.literal, &fields)?;
    Ok(implement(form, &input, &definition, &bindings))
}

fn fields(form: Form, input: &DeriveInput) -> Result<Punctuated<Field, Token![,]>> {
    let (wrong, what) = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Ok(fields.named.clone()),
            Fields::Unit => return Ok(Punctuated::new()),
            Fields::Unnamed(fields) => (fields.span(), "fields without names"),
        },
        Data::Enum(data) => (data.enum_token.span(), "an enum"),
        Data::Union(data) => (data.union_token.span(), "a union"),
    };
    let subject = form.subject();
    Err(Error::new(
        wrong,
        format!("{subject} is a struct with a named field for each param, or a unit struct; not {what}"),
    ))
}

fn implement(form: Form, input: &DeriveInput, definition: &Definition, bindings: &[Binding<'_>]) -> TokenStream {
    let Definition { literal, incoming, outgoing, presence, info, event, roomful, .. } = definition;
    let name = &input.ident;
    let from_params = bindings.iter().map(from_params);
    let to_params = bindings.iter().map(to_params);
    let count = bindings.len();
    let (implemented, shown, described, heard) = match form {
        Form::Channel => (
            quote!(Channel),
            quote!(
                type Presence = #presence;
                type Info = #info;
                type Event = #event;
            ),
            quote!(__describe_channel!(
                types, Incoming = #incoming, Outgoing = #outgoing, Presence = #presence, Info = #info
            )),
            quote!(
                fn describe_event(types: &mut #roomful::__private::TypeSink) {
                    #roomful::__describe_event!(types, Event = #event);
                }
            ),
        ),
        Form::Socket => (
            quote!(SocketChannel),
            quote!(),
            quote!(__describe_socket!(types, Incoming = #incoming, Outgoing = #outgoing)),
            quote!(),
        ),
    };
    quote! {
        #[automatically_derived]
        impl #roomful::#implemented for #name {
            const PATTERN: &'static str = #literal;
            type Incoming = #incoming;
            type Outgoing = #outgoing;
            #shown

            fn from_params(
                params: &#roomful::__private::Params,
            ) -> ::core::result::Result<Self, #roomful::__private::KeyError> {
                let _ = params;
                ::core::result::Result::Ok(Self { #(#from_params,)* })
            }

            fn to_params(&self) -> #roomful::__private::Params {
                let params: [::core::option::Option<(&str, &str)>; #count] = [#(#to_params,)*];
                ::core::iter::FromIterator::from_iter(::core::iter::Iterator::flatten(
                    ::core::iter::IntoIterator::into_iter(params),
                ))
            }

            fn describe(types: &mut #roomful::__private::TypeSink) {
                #roomful::#described;
            }

            #heard
        }
    }
}

fn from_params(Binding { param, field }: &Binding<'_>) -> TokenStream {
    let name = param.name();
    if param.kind().must_have_value() {
        quote!(#field: ::std::string::String::from(params.require(#name)?))
    } else {
        quote!(#field: params.get(#name).map(::std::string::String::from))
    }
}

fn to_params(Binding { param, field }: &Binding<'_>) -> TokenStream {
    let name = param.name();
    if param.kind().must_have_value() {
        quote!(::core::option::Option::Some((#name, self.#field.as_str())))
    } else {
        quote!(self.#field.as_deref().map(|value| (#name, value)))
    }
}
