//! What stands in `#[channel(..)]` or `#[socket(..)]`, on the struct and on its fields.

use roomful_pattern::Pattern;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Field, Ident, LitStr, Path, Result, Token, Type, parse_quote};

use crate::form::Form;

/// `#[channel("board/:boardId", message = .., presence = .., info = .., event = ..)]`, or a socket's.
pub(crate) struct Definition {
    pub(crate) pattern: Pattern,
    /// The pattern as it was written: a mistake in it is shown here, since stable Rust cannot point into a literal.
    pub(crate) literal: LitStr,
    pub(crate) incoming: Type,
    pub(crate) outgoing: Type,
    pub(crate) presence: Type,
    pub(crate) info: Type,
    pub(crate) event: Type,
    pub(crate) roomful: Path,
}

impl Definition {
    /// The one among the attributes of the struct `name`.
    pub(crate) fn find(form: Form, name: &Ident, attributes: &[Attribute]) -> Result<Self> {
        let missing = || match form {
            Form::Channel => format!(
                "`{name}` has no pattern: add `#[channel(\"..\")]` under the derive, as in `#[channel(\"board/:boardId\")]`"
            ),
            Form::Socket => format!(
                "`{name}` does not say what travels on it: add `#[socket(..)]` under the derive, as in \
                 `#[socket(message = String)]`"
            ),
        };
        let attribute = only(form, attributes)?.ok_or_else(|| Error::new(name.span(), missing()))?;
        attribute.parse_args_with(|input: ParseStream<'_>| Self::parse(form, name, input))
    }

    fn parse(form: Form, name: &Ident, input: ParseStream<'_>) -> Result<Self> {
        let literal = match form {
            _ if input.peek(LitStr) => pattern(input)?,
            Form::Channel => return Err(pattern_first(form, input)),
            Form::Socket => LitStr::new("", name.span()),
        };
        let pattern = Pattern::parse(&literal.value()).map_err(|error| Error::new(literal.span(), error))?;
        let words = Words::parse(form, input)?;
        let unit = || parse_quote!(());
        let (incoming, outgoing) = match words.message {
            Some(message) => (message.clone(), message),
            None => (words.incoming.unwrap_or_else(unit), words.outgoing.unwrap_or_else(unit)),
        };
        Ok(Self {
            pattern,
            literal,
            event: words.event.unwrap_or_else(|| outgoing.clone()),
            incoming,
            outgoing,
            presence: words.presence.unwrap_or_else(unit),
            info: words.info.unwrap_or_else(unit),
            roomful: words.roomful.unwrap_or_else(|| parse_quote!(::roomful)),
        })
    }
}

fn pattern(input: ParseStream<'_>) -> Result<LitStr> {
    let literal = input.parse()?;
    if !input.is_empty() {
        input.parse::<Token![,]>()?;
    }
    Ok(literal)
}

fn pattern_first(form: Form, input: ParseStream<'_>) -> Error {
    Error::new(input.span(), format!("the pattern comes first, in quotes: `{}`", form.example()))
}

#[derive(Default)]
struct Words {
    message: Option<Type>,
    incoming: Option<Type>,
    outgoing: Option<Type>,
    presence: Option<Type>,
    info: Option<Type>,
    event: Option<Type>,
    roomful: Option<Path>,
}

impl Words {
    fn parse(form: Form, input: ParseStream<'_>) -> Result<Self> {
        let mut words = Self::default();
        while !input.is_empty() {
            if input.peek(LitStr) {
                return Err(pattern_first(form, input));
            }
            let word = input.call(Ident::parse_any)?;
            words.parse_one(form, &word, input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(words)
    }

    fn parse_one(&mut self, form: Form, word: &Ident, input: ParseStream<'_>) -> Result<()> {
        let name = word.to_string();
        let message_and_half = match name.as_str() {
            "message" => self.incoming.is_some() || self.outgoing.is_some(),
            "incoming" | "outgoing" => self.message.is_some(),
            _ => false,
        };
        if message_and_half {
            return Err(Error::new(word.span(), "`message` is `incoming` and `outgoing` in one: give it, or them"));
        }
        match name.as_str() {
            "message" => set(&mut self.message, word, input),
            "incoming" => set(&mut self.incoming, word, input),
            "outgoing" => set(&mut self.outgoing, word, input),
            "presence" if form == Form::Channel => set(&mut self.presence, word, input),
            "info" if form == Form::Channel => set(&mut self.info, word, input),
            "event" if form == Form::Channel => set(&mut self.event, word, input),
            "crate" => set(&mut self.roomful, word, input),
            _ => Err(Error::new(
                word.span(),
                format!("a {} knows no `{name}`: the words are {}", form.attribute(), form.words()),
            )),
        }
    }
}

/// The param that a field says it is: `#[channel(param = "boardId")]`.
pub(crate) fn param_of(form: Form, field: &Field) -> Result<Option<LitStr>> {
    let Some(attribute) = only(form, &field.attrs)? else { return Ok(None) };
    let words = attribute.parse_args_with(Punctuated::<FieldWord, Token![,]>::parse_terminated)?;
    let mut words = words.into_iter();
    match (words.next(), words.next()) {
        (Some(FieldWord { param, .. }), None) => Ok(Some(param)),
        (_, Some(second)) => Err(given_twice(&second.word)),
        (None, None) => {
            let say = format!("say which param this field is: `#[{}(param = \"..\")]`", form.attribute());
            Err(Error::new_spanned(attribute, say))
        }
    }
}

struct FieldWord {
    word: Ident,
    param: LitStr,
}

impl Parse for FieldWord {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let word = input.call(Ident::parse_any)?;
        if word != "param" {
            return Err(Error::new(word.span(), format!("a field knows no `{word}`: the word is `param`")));
        }
        input.parse::<Token![=]>()?;
        Ok(Self { word, param: input.parse()? })
    }
}

fn set<T: Parse>(slot: &mut Option<T>, word: &Ident, input: ParseStream<'_>) -> Result<()> {
    if slot.is_some() {
        return Err(given_twice(word));
    }
    input.parse::<Token![=]>()?;
    *slot = Some(input.parse()?);
    Ok(())
}

fn given_twice(word: &Ident) -> Error {
    Error::new(word.span(), format!("`{word}` is given twice"))
}

fn only(form: Form, attributes: &[Attribute]) -> Result<Option<&Attribute>> {
    let mut ours = attributes.iter().filter(|attribute| attribute.path().is_ident(form.attribute()));
    let first = ours.next();
    match ours.next() {
        None => Ok(first),
        Some(second) => {
            let twice = format!("a second `#[{}(..)]`: put everything into one", form.attribute());
            Err(Error::new_spanned(second, twice))
        }
    }
}
