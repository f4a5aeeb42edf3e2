//! The files of a project, from the templates.

use std::path::Path;

/// What a project is to be.
pub(super) struct Choice<'a> {
    pub(super) name: &'a str,
    pub(super) web: Web,
    /// Where Roomful comes from, if not from its registries.
    pub(super) checkout: Option<&'a Path>,
}

/// What the page is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Web {
    React,
    Preact,
}

pub(super) struct File {
    pub(super) path: &'static str,
    pub(super) text: String,
}

macro_rules! template {
    ($path:literal) => {
        include_str!(concat!("../../templates/", $path))
    };
}

/// Every project has these.
const EVERY: [(&str, &str); 14] = [
    ("Cargo.toml", template!("Cargo.toml.in")),
    ("README.md", template!("README.md.in")),
    ("Dockerfile", template!("Dockerfile")),
    (".dockerignore", template!("dockerignore")),
    (".gitignore", template!("gitignore")),
    ("src/lib.rs", template!("src/lib.rs")),
    ("src/main.rs", template!("src/main.rs")),
    ("web/package.json", template!("web/package.json.in")),
    ("web/tsconfig.json", template!("web/tsconfig.json.in")),
    ("web/vite.config.ts", template!("web/vite.config.ts")),
    ("web/index.html", template!("web/index.html")),
    ("web/src/main.tsx", template!("web/src/main.tsx")),
    ("web/src/Page.tsx", template!("web/src/Page.tsx")),
    ("web/src/env.d.ts", "/// <reference types=\"vite/client\" />\n"),
];

impl Choice<'_> {
    pub(super) fn files(&self) -> Vec<File> {
        let values = self.values();
        let types = match self.web {
            Web::React => template!("web/src/rooms.gen.react.ts"),
            Web::Preact => template!("web/src/rooms.gen.preact.ts"),
        };
        let templates = EVERY.into_iter().chain([("web/src/rooms.gen.ts", types)]);
        templates.map(|(path, template)| File { path, text: filled(template, &values) }).collect()
    }

    fn values(&self) -> Vec<(&'static str, String)> {
        let web = self.web;
        vec![
            ("name", self.name.to_owned()),
            ("crate", self.name.replace('-', "_")),
            ("roomful", self.dependency("roomful")),
            ("roomful-axum", self.dependency("axum")),
            ("npm", self.npm()),
            ("framework", web.pick("React", "Preact")),
            ("jsx", web.pick("react", "preact")),
            ("hooks", web.pick("react", "preact/hooks")),
            (
                "render-import",
                web.pick("import { createRoot } from 'react-dom/client';", "import { render } from 'preact';"),
            ),
            ("render", web.pick("createRoot(root).render(<Page />)", "render(<Page />, root)")),
            (
                "dependencies",
                web.pick(
                    "    \"react\": \"^19.3.1\",\n    \"react-dom\": \"^19.3.1\",",
                    "    \"preact\": \"^11.2.0\",",
                ),
            ),
            (
                "dev-dependencies",
                web.pick("    \"@types/react\": \"^19.3.0\",\n    \"@types/react-dom\": \"^19.3.0\",", ""),
            ),
        ]
    }

    /// As it stands in a manifest. `folder`: in the checkout, `roomful` itself too.
    fn dependency(&self, folder: &str) -> String {
        match self.checkout {
            Some(checkout) => format!("path = {:?}", checkout.join("crates").join(folder)),
            None => format!("version = {:?}", env!("CARGO_PKG_VERSION")),
        }
    }

    fn npm(&self) -> String {
        match self.checkout {
            Some(checkout) => format!("file:{}", checkout.join("clients/typescript").display()),
            None => format!("^{}", env!("CARGO_PKG_VERSION")),
        }
    }
}

impl Web {
    fn pick(self, react: &str, preact: &str) -> String {
        match self {
            Self::React => react.to_owned(),
            Self::Preact => preact.to_owned(),
        }
    }
}

/// With each `{{name}}` replaced; a line that is nothing but an empty value is left out.
fn filled(template: &str, values: &[(&str, String)]) -> String {
    let mut text = template.to_owned();
    for (name, value) in values {
        let place = format!("{{{{{name}}}}}");
        if value.is_empty() {
            text = text.replace(&format!("{place}\n"), "");
        }
        text = text.replace(&place, value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(files: &[File], path: &str) -> String {
        files.iter().find(|file| file.path == path).map(|file| file.text.clone()).unwrap_or_default()
    }

    #[test]
    fn nothing_is_left_to_be_filled_in_and_each_choice_is_as_asked_for() {
        for web in [Web::React, Web::Preact] {
            let files = Choice { name: "team-board", web, checkout: None }.files();
            for file in &files {
                // JSX has double braces of its own.
                let has_place = file.text.contains("{{") && !file.path.ends_with("Page.tsx");
                assert!(!has_place && !file.text.contains("\n\n\n"), "{}: {}", file.path, file.text);
            }
            let framework = if web == Web::React { "react" } else { "preact" };
            for path in ["web/src/rooms.gen.ts", "web/package.json", "web/tsconfig.json", "web/src/Page.tsx"] {
                let said = text_of(&files, path);
                let other = if web == Web::React {
                    said.contains("preact")
                } else {
                    said.contains("\"react\"") || said.contains("'react'")
                };
                assert!(said.contains(framework) && !other, "{path}: {said}");
            }
            assert!(text_of(&files, "src/main.rs").contains("team_board::rooms()"));
            let package = text_of(&files, "web/package.json");
            assert!(serde_json::from_str::<serde_json::Value>(&package).is_ok(), "{package}");
        }
    }
}
