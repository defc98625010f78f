//! The stable codes of what can be wrong with what a user wrote.

/// What a text is: the first part of the codes of what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// A `strands.yaml`.
    Config,
    /// A CloudFormation template, or what belongs to one.
    Template,
}

impl Area {
    /// The first part of its codes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Template => "template",
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What kind of thing is wrong. The text of a code never changes; `docs/errors` has a page for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its second part, e.g. `unknown-key`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The whole code in a text of that kind, e.g. `config::unknown-key`.
            pub fn within(self, area: Area) -> String {
                format!("{}::{}", area.as_str(), self.as_str())
            }
        }
    };
}

codes! {
    /// An agent's role could do anything, or make itself able to.
    Administrator = "administrator",
    /// An anchor that does not exist, or that contains itself.
    Alias = "alias",
    /// The environment's record has another account.
    AccountMismatch = "account-mismatch",
    /// Something needs an API, and there is none.
    ApiMissing = "api-missing",
    /// The code that an agent names is not stored.
    ArtifactMissing = "artifact-missing",
    /// What needs itself: a resource that waits for itself, stacks that import from each other, conditions in a circle.
    Cycle = "cycle",
    /// Two agents of one name.
    DuplicateAgent = "duplicate-agent",
    /// Two exports of one name.
    DuplicateExport = "duplicate-export",
    /// A key that stands twice in one mapping.
    DuplicateKey = "duplicate-key",
    /// Two shared resources that could not be told apart.
    DuplicateName = "duplicate-name",
    /// One route that two agents claim.
    DuplicateRoute = "duplicate-route",
    /// There is no config in the text.
    Empty = "empty",
    /// A file that the config names is not in the bundle.
    FileMissing = "file-missing",
    /// A key that no environment may override.
    FixedKey = "fixed-key",
    /// An agent's folder is not in the bundle.
    FolderMissing = "folder-missing",
    /// The file that a handler names is not in the agent's folder.
    HandlerMissing = "handler-missing",
    /// A key that must be there.
    MissingKey = "missing-key",
    /// A file that should be text, and is not.
    NotText = "not-text",
    /// A parameter of a template that is given no value and has none of its own.
    MissingParameter = "missing-parameter",
    /// A health check of what the agent does not have.
    NothingToLookAt = "nothing-to-look-at",
    /// A number outside its range.
    OutOfRange = "out-of-range",
    /// The environment's record is of another project.
    ProjectMismatch = "project-mismatch",
    /// The environment's record has another region.
    RegionMismatch = "region-mismatch",
    /// A name that is taken by Strandline or by AWS.
    ReservedName = "reserved-name",
    /// A rule of a template that its parameters do not keep.
    RuleNotKept = "rule-not-kept",
    /// A secret, written down.
    Secret = "secret",
    /// More than one YAML document.
    SeveralDocuments = "several-documents",
    /// Not YAML.
    Syntax = "syntax",
    /// Nested too deep.
    TooDeep = "too-deep",
    /// Too long, or too much once its aliases are followed.
    TooLarge = "too-large",
    /// Too many of something.
    TooMany = "too-many",
    /// Overrides for an agent that does not exist.
    UnknownAgent = "unknown-agent",
    /// A condition that the template does not have.
    UnknownCondition = "unknown-condition",
    /// An environment that the config does not have.
    UnknownEnvironment = "unknown-environment",
    /// An import of what no stack exports.
    UnknownExport = "unknown-export",
    /// A key that means nothing here.
    UnknownKey = "unknown-key",
    /// A parameter that the template does not have.
    UnknownParameter = "unknown-parameter",
    /// A shared resource that does not exist.
    UnknownResource = "unknown-resource",
    /// A runtime that Lambda does not create functions for.
    UnknownRuntime = "unknown-runtime",
    /// A resource type that AWS does not have.
    UnknownType = "unknown-type",
    /// Something that is understood and not done.
    Unsupported = "unsupported",
    /// An account that is not twelve digits.
    WrongAccount = "wrong-account",
    /// An IAM action that is not one.
    WrongAction = "wrong-action",
    /// An ARN that is not one.
    WrongArn = "wrong-arn",
    /// One value of a few, and not one of them.
    WrongChoice = "wrong-choice",
    /// A digest that is not 64 hexadecimal digits.
    WrongDigest = "wrong-digest",
    /// An e-mail address that is not one.
    WrongEmail = "wrong-email",
    /// A handler that its runtime cannot find.
    WrongHandler = "wrong-handler",
    /// A name that would not fit where names go.
    WrongName = "wrong-name",
    /// A path that leaves the bundle, or is none; of an address, one that no address has.
    WrongPath = "wrong-path",
    /// A text that does not match the pattern that it must match, or such a pattern that is none.
    WrongPattern = "wrong-pattern",
    /// A region that AWS does not have.
    WrongRegion = "wrong-region",
    /// A route that an HTTP API cannot have.
    WrongRoute = "wrong-route",
    /// A tag that AWS does not take.
    WrongTag = "wrong-tag",
    /// Something of one type where another is needed.
    WrongType = "wrong-type",
    /// An environment variable that Lambda does not take.
    WrongVariable = "wrong-variable",
    /// All actions of a service on everything.
    Wildcard = "wildcard",
    /// A YAML tag (`!…`), which nothing here needs.
    YamlTag = "yaml-tag",
}
