//! Which field of the struct is which param of the pattern.

use roomful_pattern::{Param, ParamKind, Pattern};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Error, Field, GenericArgument, Ident, LitStr, PathArguments, PathSegment, Result, Token, Type};

use crate::attribute::param_of;
use crate::form::Form;

/// A param and its field.
pub(crate) struct Binding<'a> {
    pub(crate) param: &'a Param,
    pub(crate) field: &'a Ident,
}

/// Every param with its field, in the order of the pattern.
///
/// All that is wrong is told at once: a param that was renamed is both a param without a field and a field without a
/// param, and one message alone would hide the other half.
pub(crate) fn bind<'a>(
    form: Form,
    pattern: &'a Pattern,
    literal: &LitStr,
    fields: &'a Punctuated<Field, Token![,]>,
) -> Result<Vec<Binding<'a>>> {
    let params: Vec<&Param> = pattern.params().collect();
    let mut fields = candidates(form, pattern, fields)?;
    claim(&params, &mut fields);

    let mut mistakes = Mistakes::default();
    let mut bindings = Vec::with_capacity(params.len());
    for (at, param) in params.into_iter().enumerate() {
        match fields.iter().find(|field| field.param == Some(at)) {
            Some(field) => {
                mistakes.keep(check_type(param, field.ty));
                bindings.push(Binding { param, field: field.ident });
            }
            None => mistakes.add(Error::new(literal.span(), no_field(form, param))),
        }
    }
    for field in fields.iter().filter(|field| field.param.is_none()) {
        mistakes.add(no_param(form, field, pattern));
    }
    mistakes.none().map(|()| bindings)
}

/// A field, and the param that it turns out to be.
struct Candidate<'a> {
    ident: &'a Ident,
    ty: &'a Type,
    /// What its own `#[channel(param = "..")]` or `#[socket(param = "..")]` says.
    said: Option<LitStr>,
    param: Option<usize>,
}

/// The fields, once what each says of itself is right: what they are bound to would otherwise be guessed.
fn candidates<'a>(
    form: Form,
    pattern: &Pattern,
    fields: &'a Punctuated<Field, Token![,]>,
) -> Result<Vec<Candidate<'a>>> {
    let mut mistakes = Mistakes::default();
    let candidates = fields.iter().filter_map(|field| mistakes.keep(Candidate::new(form, field, pattern))).collect();
    mistakes.none().map(|()| candidates)
}

impl<'a> Candidate<'a> {
    fn new(form: Form, field: &'a Field, pattern: &Pattern) -> Result<Self> {
        let Some(ident) = &field.ident else {
            return Err(Error::new_spanned(field, format!("a {}'s field has a name", form.attribute())));
        };
        let said = param_of(form, field)?;
        if let Some(said) = &said
            && !pattern.params().any(|param| param.name() == said.value())
        {
            return Err(Error::new(said.span(), format!("`{pattern}` has no param `:{}`", said.value())));
        }
        Ok(Self { ident, ty: &field.ty, said, param: None })
    }
}

/// What a field says goes first. Then a field of the very same name goes before one that is the name in snake case,
/// whichever stands first.
fn claim(params: &[&Param], fields: &mut [Candidate<'_>]) {
    for fits in [says, is_same_name, is_snake_case] {
        for (at, param) in params.iter().enumerate() {
            if fields.iter().any(|field| field.param == Some(at)) {
                continue;
            }
            if let Some(field) = fields.iter_mut().find(|field| field.param.is_none() && fits(field, param)) {
                field.param = Some(at);
            }
        }
    }
}

fn says(field: &Candidate<'_>, param: &Param) -> bool {
    field.said.as_ref().is_some_and(|said| said.value() == param.name())
}

fn is_same_name(field: &Candidate<'_>, param: &Param) -> bool {
    field.said.is_none() && field.ident.unraw() == param.name()
}

fn is_snake_case(field: &Candidate<'_>, param: &Param) -> bool {
    field.said.is_none() && field.ident.unraw() == snake_case(param.name())
}

/// `boardId` is `board_id`, and so is `boardID`; `HTTPPort` is `http_port`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut before: Option<char> = None;
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let starts_word = before.is_some_and(|before| {
            let ends_acronym = before.is_ascii_uppercase() && rest.peek().is_some_and(char::is_ascii_lowercase);
            before.is_ascii_lowercase() || before.is_ascii_digit() || ends_acronym
        });
        if c.is_ascii_uppercase() && starts_word {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
        before = Some(c);
    }
    snake
}

fn check_type(param: &Param, ty: &Type) -> Result<()> {
    let (name, must_have_value) = (param.name(), param.kind().must_have_value());
    if must_have_value && is_string(ty) || !must_have_value && option_of(ty).is_some_and(is_string) {
        return Ok(());
    }
    let message = if must_have_value {
        format!("`:{name}{}` is a `String`: a key always has it", modifier(param))
    } else {
        format!("`:{name}{}` is an `Option<String>`: a key may do without it", modifier(param))
    };
    Err(Error::new_spanned(ty, message))
}

fn is_string(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|last| last.ident == "String" && last.arguments.is_none())
}

fn option_of(ty: &Type) -> Option<&Type> {
    let last = last_segment(ty).filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        // What a `$ty:ty` of somebody's macro_rules is wrapped in.
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

fn no_field(form: Form, param: &Param) -> String {
    let name = param.name();
    let ty = if param.kind().must_have_value() { "String" } else { "Option<String>" };
    let snake = snake_case(name);
    if syn::parse_str::<Ident>(&snake).is_ok() {
        format!("`:{name}` has no field: add `{snake}: {ty}`")
    } else {
        let attribute = form.attribute();
        format!("`:{name}` has no field: add one of type `{ty}` with `#[{attribute}(param = \"{name}\")]`")
    }
}

fn no_param(form: Form, field: &Candidate<'_>, pattern: &Pattern) -> Error {
    if let Some(said) = &field.said {
        return Error::new(said.span(), format!("another field is `:{}` already", said.value()));
    }
    let name = field.ident.unraw();
    let why = if pattern.as_str().is_empty() {
        let attribute = form.attribute();
        format!("`{name}` is no param: begin with a pattern, as in `#[{attribute}(\"{attribute}/:{name}\")]`")
    } else {
        format!("`{name}` is no param of `{pattern}`: add `:{name}` to the pattern")
    };
    Error::new(field.ident.span(), format!("{why}, or take the field away"))
}

fn modifier(param: &Param) -> &'static str {
    match param.kind() {
        ParamKind::Required => "",
        ParamKind::Optional => "?",
        ParamKind::Rest => "*",
        ParamKind::RestRequired => "+",
    }
}

/// Errors so far.
#[derive(Default)]
struct Mistakes(Option<Error>);

impl Mistakes {
    fn add(&mut self, mistake: Error) {
        match &mut self.0 {
            Some(all) => all.combine(mistake),
            None => self.0 = Some(mistake),
        }
    }

    fn keep<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|mistake| self.add(mistake)).ok()
    }

    fn none(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
