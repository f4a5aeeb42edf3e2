//! `rename_all`, as serde has it.

/// The name of a variant under `rule`; `None` where serde knows no such rule.
pub(super) fn variant(rule: &str, name: &str) -> Option<String> {
    Some(match rule {
        "PascalCase" => name.to_owned(),
        "lowercase" => name.to_ascii_lowercase(),
        "UPPERCASE" => name.to_ascii_uppercase(),
        "camelCase" => first_lowered(name),
        "snake_case" => split_words(name),
        "SCREAMING_SNAKE_CASE" => split_words(name).to_ascii_uppercase(),
        "kebab-case" => split_words(name).replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => split_words(name).to_ascii_uppercase().replace('_', "-"),
        _ => return None,
    })
}

/// The name of a field under `rule`; `None` where serde knows no such rule.
pub(super) fn field(rule: &str, name: &str) -> Option<String> {
    Some(match rule {
        "lowercase" | "snake_case" => name.to_owned(),
        "UPPERCASE" | "SCREAMING_SNAKE_CASE" => name.to_ascii_uppercase(),
        "PascalCase" => joined_words(name),
        "camelCase" => first_lowered(&joined_words(name)),
        "kebab-case" => name.replace('_', "-"),
        "SCREAMING-KEBAB-CASE" => name.to_ascii_uppercase().replace('_', "-"),
        _ => return None,
    })
}

fn first_lowered(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

fn split_words(name: &str) -> String {
    let mut split = String::new();
    for (at, c) in name.char_indices() {
        if at > 0 && c.is_uppercase() {
            split.push('_');
        }
        split.push(c.to_ascii_lowercase());
    }
    split
}

fn joined_words(name: &str) -> String {
    let mut joined = String::new();
    let mut begins = true;
    for c in name.chars() {
        match c {
            '_' => begins = true,
            c if begins => {
                joined.push(c.to_ascii_uppercase());
                begins = false;
            }
            c => joined.push(c),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every rule, what it makes of a variant and of a field; the same as in serde's own tests.
    #[test]
    fn every_rule_is_serdes() {
        for (rule, of_variant, of_field) in [
            ("lowercase", "verytasty", "very_tasty"),
            ("UPPERCASE", "VERYTASTY", "VERY_TASTY"),
            ("PascalCase", "VeryTasty", "VeryTasty"),
            ("camelCase", "veryTasty", "veryTasty"),
            ("snake_case", "very_tasty", "very_tasty"),
            ("SCREAMING_SNAKE_CASE", "VERY_TASTY", "VERY_TASTY"),
            ("kebab-case", "very-tasty", "very-tasty"),
            ("SCREAMING-KEBAB-CASE", "VERY-TASTY", "VERY-TASTY"),
        ] {
            assert_eq!(variant(rule, "VeryTasty").as_deref(), Some(of_variant));
            assert_eq!(field(rule, "very_tasty").as_deref(), Some(of_field));
        }
        assert_eq!((variant("Camel", "A"), field("Camel", "a")), (None, None));
    }
}
