//! How many people are on which board, in a Durable Object of the app's own: the boards' objects write it, that of the site reads it.

use cursors::directory::{Busy, Directory};
use roomful::BoxFuture;
use worker::{
    DurableObject, Env, Method, Request, RequestInit, Response, Result, SqlStorage, State, durable_object, wasm_bindgen,
};

/// What it is bound as in `wrangler.jsonc`.
const BINDING: &str = "DIRECTORY";
/// The object's name. There is one.
const THE_ONE: &str = "site";
/// An object is reached through its stub; the platform wants a URL all the same.
const OBJECT: &str = "https://directory";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS boards (board TEXT PRIMARY KEY, people INTEGER NOT NULL)";

/// What the rooms know of it.
pub(crate) struct InObject(Env);

impl InObject {
    pub(crate) fn of(env: &Env) -> Self {
        Self(env.clone())
    }

    async fn ask(&self, method: Method, what: String) -> Result<Response> {
        let mut init = RequestInit::new();
        init.with_method(method).with_body(Some(what.into()));
        let object = self.0.durable_object(BINDING)?.get_by_name(THE_ONE)?;
        let mut answer = object.fetch_with_request(Request::new_with_init(OBJECT, &init)?).await?;
        match answer.status_code() {
            200 => Ok(answer),
            _ => Err(answer.text().await?.into()),
        }
    }
}

impl Directory for InObject {
    fn set(&self, board: Busy) -> BoxFuture<'_, roomful::Result> {
        Box::pin(async move {
            self.ask(Method::Put, serde_json::to_string(&board)?).await.map_err(as_text)?;
            Ok(())
        })
    }

    fn fullest(&self, most: u32) -> BoxFuture<'_, roomful::Result<Vec<Busy>>> {
        Box::pin(async move {
            let mut answer = self.ask(Method::Post, most.to_string()).await.map_err(as_text)?;
            answer.json().await.map_err(as_text)
        })
    }
}

/// What the platform's errors hold cannot go from thread to thread, as an error of a hook's may.
fn as_text(error: worker::Error) -> roomful::Error {
    std::io::Error::other(error.to_string()).into()
}

/// The object itself. What it stores outlasts every instance of it.
#[durable_object]
pub struct DirectoryObject {
    sql: SqlStorage,
}

impl DurableObject for DirectoryObject {
    fn new(state: State, _: Env) -> Self {
        Self { sql: state.storage().sql() }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        self.sql.exec(TABLE, None)?;
        if request.method() == Method::Put {
            self.set(request.json().await?)?;
            return Response::empty();
        }
        Response::from_json(&self.fullest(request.json().await?)?)
    }
}

impl DirectoryObject {
    fn set(&self, Busy { board, people }: Busy) -> Result<()> {
        if people == 0 {
            self.sql.exec("DELETE FROM boards WHERE board = ?", vec![board.into()])?;
        } else {
            let values = vec![board.into(), i64::from(people).into()];
            self.sql.exec("INSERT OR REPLACE INTO boards VALUES (?, ?)", values)?;
        }
        Ok(())
    }

    fn fullest(&self, most: u32) -> Result<Vec<Busy>> {
        const FULLEST: &str = "SELECT board, people FROM boards ORDER BY people DESC, board LIMIT ?";
        self.sql.exec(FULLEST, vec![i64::from(most).into()])?.to_array()
    }
}
