"""The inputs of the app registration."""

from __future__ import annotations

from cloud import validation
from engine.input import Field, Input, OneOf, file_problem

GROUP = "App registration"

_FEDERATED = (
    Field("name", "its name", validation.federated_name_problem, required=True),
    Field(
        "github",
        "OWNER/REPOSITORY of GitHub Actions, with branch, tag, environment or pull_request; or issuer and subject. A "
        "repository made, renamed or moved since 15 July 2026: OWNER@ID/REPOSITORY@ID",
    ),
    Field("branch", "a branch of the repository"),
    Field("tag", "a tag of the repository"),
    Field("environment", "an environment of the repository"),
    Field("pull_request", "pull requests of the repository, not of its forks", OneOf("true")),
    Field("issuer", "the issuer of the tokens, a URL", validation.issuer_problem),
    Field("subject", "their subject"),
    Field("audience", "their audience; default api://AzureADTokenExchange, or that of its cloud"),
)

INPUTS = (
    Input("no_app", "Skip the app registration (--app includes it again).", "", kind="flag", group=GROUP),
    Input(
        "app_name",
        "Display name of the app registration.",
        "NAME",
        validation.app_name_problem,
        group=GROUP,
        verbatim=True,
    ),
    Input("app_id", "Client id of an existing registration to adopt.", "ID", validation.guid_problem, group=GROUP),
    Input(
        "adopt_app",
        "Adopt the one registration that already has the name.",
        "",
        kind="flag",
        group=GROUP,
        answers=True,
    ),
    Input(
        "reply_url",
        "Reply URL of public clients. Default: http://localhost.",
        "URL",
        validation.reply_url_problem,
        kind="list",
        group=GROUP,
    ),
    Input(
        "web_reply_url",
        "Reply URL of a web application.",
        "URL",
        validation.web_reply_url_problem,
        kind="list",
        group=GROUP,
    ),
    Input(
        "spa_reply_url",
        "Reply URL of a single-page application.",
        "URL",
        validation.web_reply_url_problem,
        kind="list",
        group=GROUP,
    ),
    Input("public_client", "Allow public-client flows without a redirect.", "", kind="flag", group=GROUP),
    Input("implicit_access_tokens", "Implicit grant of access tokens.", "", kind="flag", group=GROUP),
    Input("implicit_id_tokens", "Implicit grant of id tokens.", "", kind="flag", group=GROUP),
    Input(
        "audience",
        "Who may sign in: this tenant, any, any and personal accounts.",
        "single|multiple|personal",
        OneOf("single", "multiple", "personal"),
        group=GROUP,
    ),
    Input("owner", "Owner of the registration: UPN, e-mail, exact name or object id.", "WHO", kind="list", group=GROUP),
    Input(
        "notes",
        'Notes on the registration; "none" removes them.',
        "TEXT",
        validation.notes_problem,
        group=GROUP,
        verbatim=True,
    ),
    Input(
        "service_management_reference",
        'Id of the service that the registration belongs to, where the tenant demands it; "none" removes it.',
        "ID",
        validation.service_reference_problem,
        group=GROUP,
    ),
    Input("app_tag", "Tag of the registration.", "TAG", validation.app_tag_problem, kind="list", group=GROUP),
    Input(
        "secret",
        'Create a client secret with this name; "none" removes it.',
        "NAME",
        validation.credential_name_problem,
        group=GROUP,
    ),
    Input("secret_days", "Its lifetime. Default: 180.", "DAYS", validation.days_problem, kind="number", group=GROUP),
    Input(
        "secret_file",
        "File it is written to (mode 0600); - prints it once. Default: NAME.secret beside the state file.",
        "FILE",
        file_problem,
        group=GROUP,
        path=True,
    ),
    Input("rotate_secret", "Create a new secret beside the old ones.", "", kind="flag", group=GROUP, kept=False),
    Input(
        "retire_secrets",
        "Remove all secrets that this tool created but the current one, at once.",
        "",
        kind="flag",
        group=GROUP,
        kept=False,
    ),
    Input(
        "federated_credential",
        "Who may sign in as the app without a secret.",
        "name=NAME,github=OWNER/REPO,...",
        kind="items",
        fields=_FEDERATED,
        group=GROUP,
    ),
)
