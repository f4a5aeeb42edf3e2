//! The impl that the derive writes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, Result, Token};

use crate::attribute::ChannelAttribute;
use crate::binding::{Binding, bind};

/// The impl of `Channel` for the struct in `input`.
pub(crate) fn derive(input: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let fields = fields(&input)?;
    if let Some(generic) = input.generics.params.first() {
        return Err(Error::new_spanned(
            generic,
            "a channel is not generic: its type is one pattern and one set of message types",
        ));
    }
    let attribute = ChannelAttribute::find(&input.ident, &input.attrs)?;
    let bindings = bind(&attribute.pattern, &attribute.literal, &fields)?;
    Ok(implement(&input, &attribute, &bindings))
}

fn fields(input: &DeriveInput) -> Result<Punctuated<Field, Token![,]>> {
    let (wrong, what) = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Ok(fields.named.clone()),
            Fields::Unit => return Ok(Punctuated::new()),
            Fields::Unnamed(fields) => (fields.span(), "fields without names"),
        },
        Data::Enum(data) => (data.enum_token.span(), "an enum"),
        Data::Union(data) => (data.union_token.span(), "a union"),
    };
    Err(Error::new(
        wrong,
        format!("a channel is a struct with a named field for each param, or a unit struct; not {what}"),
    ))
}

fn implement(input: &DeriveInput, attribute: &ChannelAttribute, bindings: &[Binding<'_>]) -> TokenStream {
    let ChannelAttribute { literal, incoming, outgoing, presence, roomful, .. } = attribute;
    let channel = &input.ident;
    let from_params = bindings.iter().map(from_params);
    let to_params = bindings.iter().map(to_params);
    let count = bindings.len();
    quote! {
        #[automatically_derived]
        impl #roomful::Channel for #channel {
            const PATTERN: &'static str = #literal;
            type Incoming = #incoming;
            type Outgoing = #outgoing;
            type Presence = #presence;

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
                #roomful::__describe_channel!(
                    types, Incoming = #incoming, Outgoing = #outgoing, Presence = #presence
                );
            }
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
