//! The impl of `TS` that the derive writes.

use proc_macro2::{Ident, Punct, Spacing, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::{Data, DeriveInput, Error, Field, Fields, GenericParam, Path, Result, Type, Variant, parse_quote};

use super::attributes::{Serde, Sides, is_option, is_option_is_none, is_phantom};
use super::case;
use super::words::{Place, Replaced, Words, docs};

/// The impl of `TS` for the type in `input`.
pub(crate) fn derive(input: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let words = Words::of(Place::Item, &input.attrs)?;
    let roomful = words.roomful.clone().unwrap_or_else(|| parse_quote!(::roomful));
    let writer = Writer { private: parse_quote!(#roomful::__private::ts), trait_: parse_quote!(#roomful::TS) };
    let described = writer.item(&input, &words)?;
    Ok(writer.implementation(&input, &described))
}

struct Writer {
    /// Where `roomful` has what is written here.
    private: Path,
    trait_: Path,
}

impl Writer {
    fn implementation(&self, input: &DeriveInput, described: &TokenStream) -> TokenStream {
        let Self { private, trait_ } = self;
        let name = &input.ident;
        let mut generics = input.generics.clone();
        for param in &mut generics.params {
            if let GenericParam::Type(param) = param {
                param.bounds.push(parse_quote!(#trait_));
            }
        }
        let lifetimes: Vec<_> = input.generics.lifetimes().map(|param| param.lifetime.ident.clone()).collect();
        let params = generics.params.iter().filter(|param| !matches!(param, GenericParam::Lifetime(_))).map(|param| {
            let mut param = param.clone();
            match &mut param {
                GenericParam::Type(param) => param.default = None,
                GenericParam::Const(param) => param.default = None,
                GenericParam::Lifetime(_) => {}
            }
            param
        });
        let arguments = input.generics.params.iter().map(|param| match param {
            GenericParam::Lifetime(_) => quote!('static),
            GenericParam::Type(param) => param.ident.to_token_stream(),
            GenericParam::Const(param) => param.ident.to_token_stream(),
        });
        let bounds = generics.where_clause.iter().flat_map(|clause| clause.predicates.iter());
        let written = quote! {
            #[automatically_derived]
            impl<#(#params),*> #trait_ for #name<#(#arguments),*> where #(#bounds),* {
                fn shape(to: &mut #private::Describing) -> #private::Shape {
                    #described
                }
            }
        };
        // What borrows for a while is described as what borrows for ever: its JSON is the same.
        for_ever(written, &lifetimes)
    }

    fn item(&self, input: &DeriveInput, words: &Words) -> Result<TokenStream> {
        let Self { private, trait_ } = self;
        if let Some(replaced) = &words.replaced {
            let shape = self.replacement(replaced);
            return Ok(quote!((#shape)(to)));
        }
        let serde = Serde::of(&input.attrs)?;
        let name = words.rename.as_ref().map_or_else(|| input.ident.unraw().to_string(), syn::LitStr::value);
        let rust = input.ident.unraw().to_string();
        let arguments = input.generics.params.iter().filter_map(|param| match param {
            GenericParam::Lifetime(_) => None,
            GenericParam::Type(param) => {
                let ident = &param.ident;
                Some(quote!(#private::Argument::Type(<#ident as #trait_>::shape)))
            }
            GenericParam::Const(param) => {
                let ident = &param.ident;
                Some(quote!(#private::Argument::Constant(::std::string::ToString::to_string(&#ident))))
            }
        });
        let names = self.names(&rust, &serde.rename);
        let docs = docs(&input.attrs);
        let container = self.container(&serde);
        let body = match &input.data {
            // What is in it is never written or read, and need not be `TS`.
            _ if serde.read_from.is_some() && serde.written_into.is_some() => quote!(#private::Body::Unit),
            Data::Struct(data) => self.fields(&data.fields, &serde.rename_all)?,
            Data::Enum(data) => {
                let variants = data.variants.iter().map(|variant| self.variant(variant, &serde));
                let variants = variants.collect::<Result<Vec<_>>>()?;
                quote!(#private::Body::Enum(::std::vec![#(#variants),*]))
            }
            Data::Union(data) => return Err(Error::new(data.union_token.span, "serde knows no unions")),
        };
        let made = match self.unit_variant(&input.data)? {
            Some(variant) => quote!(::core::option::Option::Some(Self::#variant)),
            None => quote!((&&#private::Making::<Self>::new()).made()),
        };
        Ok(quote! {
            to.item::<Self>(#private::Item {
                rust: #rust,
                name: #name,
                names: #names,
                docs: #docs,
                arguments: ::std::vec![#(#arguments),*],
                container: #container,
                body: || #body,
                read: || {
                    use #private::{Reads as _, ReadsNot as _};
                    (&&#private::Reading::<Self>::new()).asked()
                },
                written: || {
                    use #private::{Makes as _, MakesNot as _, Writes as _, WritesNot as _};
                    (&&#private::Writing::<Self>(#made)).asked()
                },
            })
        })
    }

    /// A variant that holds nothing and is written.
    fn unit_variant<'a>(&self, data: &'a Data) -> Result<Option<&'a Ident>> {
        let Data::Enum(data) = data else { return Ok(None) };
        for variant in data.variants.iter().filter(|variant| matches!(variant.fields, Fields::Unit)) {
            let serde = Serde::of(&variant.attrs)?;
            if !serde.skip_serializing && serde.written_with.is_none() && !serde.untagged {
                return Ok(Some(&variant.ident));
            }
        }
        Ok(None)
    }

    fn container(&self, serde: &Serde) -> TokenStream {
        let private = &self.private;
        let Serde { untagged, default, transparent, deny_unknown_fields, .. } = serde;
        let tag = optional(serde.tag.as_deref());
        let content = optional(serde.content.as_deref());
        let read_from = self.shape_of_optional(serde.read_from.as_ref());
        let written_into = self.shape_of_optional(serde.written_into.as_ref());
        let unknown = &serde.unknown;
        quote! {
            #private::Container {
                tag: #tag,
                content: #content,
                untagged: #untagged,
                default: #default,
                transparent: #transparent,
                deny_unknown_fields: #deny_unknown_fields,
                read_from: #read_from,
                written_into: #written_into,
                unknown: &[#(#unknown),*],
            }
        }
    }

    fn variant(&self, variant: &Variant, item: &Serde) -> Result<TokenStream> {
        let private = &self.private;
        let serde = Serde::of(&variant.attrs)?;
        let words = Words::of(Place::Variant, &variant.attrs)?;
        let rust = variant.ident.unraw().to_string();
        let renamed = renamed(&serde.rename, &item.rename_all, &rust, case::variant);
        let names = self.names(&rust, &renamed);
        let docs = docs(&variant.attrs);
        let unseen = words.replaced.is_some() || (serde.skip_serializing && serde.skip_deserializing);
        let body = if unseen {
            quote!(#private::Body::Unit)
        } else {
            self.fields(&variant.fields, &serde.rename_all.or(&item.rename_all_fields))?
        };
        let replaced = words.replaced.as_ref().map(|replaced| self.replacement(replaced));
        let replaced = option_of(replaced);
        let Serde { skip_serializing, skip_deserializing, untagged, unknown, .. } = &serde;
        let written_with = optional(serde.written_with.as_deref());
        let read_with = optional(serde.read_with.as_deref());
        Ok(quote! {
            #private::Variant {
                rust: #rust,
                names: #names,
                docs: #docs,
                body: #body,
                replaced: #replaced,
                skip_serializing: #skip_serializing,
                skip_deserializing: #skip_deserializing,
                untagged: #untagged,
                written_with: #written_with,
                read_with: #read_with,
                unknown: &[#(#unknown),*],
            }
        })
    }

    fn fields(&self, fields: &Fields, rename_all: &Sides) -> Result<TokenStream> {
        let private = &self.private;
        let described = fields.iter().enumerate().map(|(at, field)| self.field(at, field, rename_all));
        let described = described.collect::<Result<Vec<_>>>()?;
        Ok(match fields {
            Fields::Named(_) => quote!(#private::Body::Struct(::std::vec![#(#described),*])),
            Fields::Unnamed(_) => quote!(#private::Body::Tuple(::std::vec![#(#described),*])),
            Fields::Unit => quote!(#private::Body::Unit),
        })
    }

    fn field(&self, at: usize, field: &Field, rename_all: &Sides) -> Result<TokenStream> {
        let private = &self.private;
        let serde = Serde::of(&field.attrs)?;
        let words = Words::of(Place::Field, &field.attrs)?;
        let rust = field.ident.as_ref().map_or_else(|| at.to_string(), |ident| ident.unraw().to_string());
        let renamed = match &field.ident {
            Some(_) => renamed(&serde.rename, rename_all, &rust, case::field),
            None => Sides::default(),
        };
        let names = self.names(&rust, &renamed);
        let docs = docs(&field.attrs);
        let skipped = serde.skip_serializing && serde.skip_deserializing;
        let with = serde.written_with.is_some() && serde.read_with.is_some();
        let (shape, replaced) = match &words.replaced {
            Some(replaced) => (self.replacement(replaced), true),
            // A type that is never seen need not be `TS`: what is written and read in its place is asked for.
            None if skipped || with => (quote!(|_| #private::Shape::Never), false),
            None => (self.shape_of(&field.ty), false),
        };
        let may_be_missing = !replaced || is_option(&field.ty);
        let skip_if = match &serde.skip_serializing_if {
            None => quote!(Never),
            Some(path) if is_option_is_none(path) => quote!(None),
            Some(_) => quote!(Sometimes),
        };
        let phantom = is_phantom(&field.ty);
        let Serde { default, flatten, skip_serializing, skip_deserializing, unknown, .. } = &serde;
        let written_with = optional(serde.written_with.as_deref());
        let read_with = optional(serde.read_with.as_deref());
        Ok(quote! {
            #private::Field {
                rust: #rust,
                names: #names,
                docs: #docs,
                shape: #shape,
                replaced: #replaced,
                may_be_missing: #may_be_missing,
                phantom: #phantom,
                default: #default,
                flatten: #flatten,
                skip_serializing: #skip_serializing,
                skip_deserializing: #skip_deserializing,
                skip_if: #private::SkipIf::#skip_if,
                written_with: #written_with,
                read_with: #read_with,
                unknown: &[#(#unknown),*],
            }
        })
    }

    fn names(&self, rust: &str, renamed: &Sides) -> TokenStream {
        let private = &self.private;
        let written = renamed.written.as_deref().unwrap_or(rust);
        let read = renamed.read.as_deref().unwrap_or(rust);
        quote!(#private::Names { written: #written, read: #read })
    }

    fn replacement(&self, replaced: &Replaced) -> TokenStream {
        let private = &self.private;
        match replaced {
            Replaced::As(ty) => self.shape_of(ty),
            Replaced::Verbatim(text) => quote!(|_| #private::Shape::Verbatim(#text)),
        }
    }

    fn shape_of(&self, ty: &Type) -> TokenStream {
        let trait_ = &self.trait_;
        quote!(<#ty as #trait_>::shape)
    }

    fn shape_of_optional(&self, ty: Option<&Type>) -> TokenStream {
        option_of(ty.map(|ty| self.shape_of(ty)))
    }
}

/// The names that `rename` and `rename_all` make, where they make any. What serde does not know, serde refuses.
fn renamed(rename: &Sides, rule: &Sides, rust: &str, apply: fn(&str, &str) -> Option<String>) -> Sides {
    let by_rule = |rule: &Option<String>| rule.as_ref().and_then(|rule| apply(rule, rust));
    rename.or(&Sides { written: by_rule(&rule.written), read: by_rule(&rule.read) })
}

fn optional(text: Option<&str>) -> TokenStream {
    option_of(text.map(|text| text.to_token_stream()))
}

fn option_of(tokens: Option<TokenStream>) -> TokenStream {
    match tokens {
        Some(tokens) => quote!(::core::option::Option::Some(#tokens)),
        None => quote!(::core::option::Option::None),
    }
}

/// `'static` in place of each of `lifetimes`.
fn for_ever(tokens: TokenStream, lifetimes: &[Ident]) -> TokenStream {
    let mut after_quote = false;
    let mapped = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            after_quote = false;
            let mut inner = proc_macro2::Group::new(group.delimiter(), for_ever(group.stream(), lifetimes));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        }
        TokenTree::Ident(ident) if std::mem::take(&mut after_quote) && lifetimes.contains(&ident) => {
            TokenTree::Ident(Ident::new("static", ident.span()))
        }
        other => {
            after_quote = matches!(&other, TokenTree::Punct(punct) if is_quote(punct));
            other
        }
    });
    mapped.collect()
}

fn is_quote(punct: &Punct) -> bool {
    punct.as_char() == '\'' && punct.spacing() == Spacing::Joint
}
