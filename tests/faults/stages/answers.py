"""The written answers: missing, too short, off their topic, or lacking what was asked for."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

from harness.writing import plain
from tests.documents import odt, pdf
from tests.faults.environment import Environment
from tests.faults.registry import Table

TABLE = Table("answers")
HEADINGS = {
    "answers.sagemaker-value": "How can SageMaker help data scientists?",
    "answers.pros-cons": "Advantages and disadvantages of SageMaker",
    "answers.integration": "Integration of SageMaker with other AWS services",
    "answers.algorithms": "When to use which algorithm",
    "answers.other-clouds": "ML services of other cloud providers",
}
RECIPE = (
    "Take two ripe tomatoes, a clove of garlic and some basil, and cut everything into small pieces. "
    "Warm olive oil in a "
    "pan, add the garlic first, then the rest, and let it simmer gently for twenty minutes before "
    "serving it with bread."
)
SHORT = "It helps a lot with machine learning."
REPEATED = "SageMaker trains models. " * 20


def answered(requirement: str, text: str) -> Callable[[Environment], None]:
    """Write another answer under a heading; nothing removes the heading as well."""

    def apply(env: Environment) -> None:
        path = env.submission / "answers.md"
        parts = re.split(r"(?m)^## ", path.read_text(encoding="utf-8"))
        heading = HEADINGS[requirement]
        assert any(part.startswith(heading) for part in parts), heading
        changed = [(f"{heading}\n\n{text}\n\n" if text else "") if part.startswith(heading) else part for part in parts]
        env.write("answers.md", "## ".join(part for part in changed if part))

    return apply


for requirement in HEADINGS:
    own = requirement.partition(".")[2]
    for name, sentence, text in (
        ("missing", "The question {} was not answered.", ""),
        ("too-short", "The answer on {} is one sentence.", SHORT),
        ("off-topic", "The answer on {} is about something else.", RECIPE),
        ("repeated", "The answer on {} repeats one sentence.", REPEATED),
    ):
        TABLE.add(f"{own}-{name}", sentence.format(own), answered(requirement, text), "paper", requirement)

for name, sentence, text in (
    ("empty-file", "answers.md was saved empty.", ""),
    ("one-paragraph", "answers.md is a paragraph on something else, without a heading.", RECIPE),
):
    TABLE.add(name, sentence, lambda env, text=text: env.write("answers.md", text), "paper", *HEADINGS)

GOOD = (
    "Nothing has to be installed, and training scales from one machine to many with a parameter; "
    "billing is by the second, "
    "built-in algorithms are fast, and SageMaker's notebooks and endpoints are managed, so models reach "
    "production quickly."
)
BAD = (
    "An endpoint is billed whether it is called or not and is expensive; jobs take minutes to start, which makes small "
    "experiments slow, the code is locked in to AWS, and SageMaker has so many parts that its learning curve is steep."
)
for name, sentence, requirement, text in (
    ("only-advantages", "Only advantages are named.", "answers.pros-cons", f"**Advantages.** {GOOD}"),
    ("only-disadvantages", "Only disadvantages are named.", "answers.pros-cons", f"**Disadvantages.** {BAD}"),
    ("one-service", "Only Lambda is named.", "answers.integration",
     "A Lambda function can call a SageMaker endpoint with invoke_endpoint: it checks the request, sends "
     "the data to the "
     "model and shapes the answer. So a web page can use machine learning without knowing anything of "
     "the model behind it."),
    ("no-service", "No service is named.", "answers.integration",
     "SageMaker can be used together with all the other services of the cloud, which makes integration "
     "easy: data comes "
     "from storage, functions call endpoints, clusters start training jobs, and dashboards show how the models do."),
    ("two-algorithms", "Two algorithms are named.", "answers.algorithms",
     "For labelled tabular data one should use XGBoost, because it is accurate and fast to train; for "
     "data without labels "
     "k-means finds groups, if their number is known before. One should always compare with a simple baseline."),
    ("no-algorithm", "No algorithm is named.", "answers.algorithms",
     "One should look at the data first: when there are labels one uses supervised learning, otherwise "
     "unsupervised. The "
     "size of the data and the time for training matter too, and the model should be as simple as possible."),
    ("one-provider", "Only Google is named.", "answers.other-clouds",
     "Google Cloud has Vertex AI, where one can train models in notebooks, tune them and deploy them to endpoints, and "
     "BigQuery ML, which trains machine learning models in SQL. Both are billed by use and integrate "
     "with their storage."),
    ("providers-without-service", "Providers are named, but no service of theirs.", "answers.other-clouds",
     "Google Cloud, Microsoft and IBM all have machine learning services that are like SageMaker: one can train models "
     "in notebooks, tune them, and deploy them to endpoints, and one pays by use. They differ in price "
     "and in their tools."),
    ("service-of-one-provider", "Two providers are named, with a service of one.", "answers.other-clouds",
     "Google Cloud has Vertex AI for training and endpoints of machine learning models. Microsoft has "
     "something like it "
     "too, where one can train and deploy models in notebooks, and pays by use, with other prices and other tools."),
):  # fmt: skip
    TABLE.add(name, sentence, answered(requirement, text), "paper", requirement)


def _no_answers(env: Environment) -> None:
    (env.submission / "answers.md").unlink()


TABLE.add("no-answers", "answers.md was not handed in.", _no_answers, "paper", *HEADINGS)


def _reordered(env: Environment) -> None:
    path = env.submission / "answers.md"
    head, *parts = re.split(r"(?m)^## ", path.read_text(encoding="utf-8"))
    env.write("answers.md", head + "".join(f"## {part.strip()}\n\n" for part in reversed(parts)))


def _other_headings(env: Environment) -> None:
    for old, new in (
        ("How can SageMaker help data scientists?", "1. What SageMaker does for data scientists"),
        ("Advantages and disadvantages of SageMaker", "2. Pros and cons of SageMaker"),
        ("Integration of SageMaker with other AWS services", "3. SageMaker together with other AWS services"),
        ("When to use which algorithm", "4. Which algorithm should be used when?"),
        ("ML services of other cloud providers", "5. Other clouds: machine learning services of other providers"),
    ):
        env.edit("answers.md", f"## {old}", f"### {new}")


def _as_text(env: Environment) -> None:
    text = (env.submission / "answers.md").read_text(encoding="utf-8")
    (env.submission / "answers.md").unlink()
    env.write("answers.txt", text)


def _besides(env: Environment) -> None:
    env.write("notes.md", "# My notes\n\nBuy milk. The bastion has the address 203.0.113.9.\n")


TABLE.add("another-order", "The answers are in another order.", _reordered, "paper")
TABLE.add("other-headings", "The answers have other headings, at another level.", _other_headings, "paper")
TABLE.add("as-text", "The answers are a text file.", _as_text, "paper")
TABLE.add("notes-besides", "There are private notes beside the answers.", _besides, "paper")


# What students also hand in.

QUESTIONS = {
    "answers.sagemaker-value": "How can Sagemaker help Data Scientists?",
    "answers.pros-cons": "What are the advantages of Sagemaker, and what are the disadvantages of Sagemaker?",
    "answers.integration": "How does Sagemaker integrate with other AWS services such as Lambda functions, Kubernetes etc.?",
    "answers.algorithms": "When to use what algorithms? When should one use what kind of algorithm in Sagemaker?",
    "answers.other-clouds": "What are other ML services available from other cloud service providers such as Google, "
    "Microsoft, IBM?",
}
for requirement, question in QUESTIONS.items():
    own = requirement.partition(".")[2]
    TABLE.add(f"{own}-copied", f"Under the question on {own} stands the question itself, four times.",
              answered(requirement, f"{question} " * 4), "paper", requirement)  # fmt: skip


def _headings_only(env: Environment) -> None:
    env.write("answers.md", "".join(f"## {heading}\n\n" for heading in HEADINGS.values()))


def _to_be_done(env: Environment) -> None:
    env.write("answers.md", "".join(f"## {heading}\n\nTODO\n\n" for heading in HEADINGS.values()))


def _links(env: Environment) -> None:
    links = "\n".join(f"* https://docs.aws.amazon.com/sagemaker/latest/dg/page-{number}.html" for number in range(20))
    env.write("answers.md", "".join(f"## {heading}\n\n{links}\n\n" for heading in HEADINGS.values()))


def _recipe_everywhere(env: Environment) -> None:
    env.write("answers.md", "".join(f"## {heading}\n\n{RECIPE}\n\n" for heading in HEADINGS.values()))


for name, sentence, work in (
    ("headings-only", "The file has the headings and no answer.", _headings_only),
    ("to-be-done", "Each answer is TODO.", _to_be_done),
    ("links-only", "Each answer is a list of links.", _links),
    ("one-text-for-all", "One and the same text, on something else, stands under every heading.", _recipe_everywhere),
):
    TABLE.add(name, sentence, work, "paper", *HEADINGS)


def _in_a_folder(env: Environment) -> None:
    parts = re.split(r"(?m)^## ", (env.submission / "answers.md").read_text(encoding="utf-8"))[1:]
    (env.submission / "answers.md").unlink()
    (env.submission / "answers").mkdir()
    for number, part in enumerate(parts, 1):
        env.write(f"answers/{number}.md", f"# {part}")


def _of_windows(env: Environment) -> None:
    path = env.submission / "answers.md"
    path.write_bytes(path.read_text(encoding="utf-8").replace("\n", "\r\n").encode("utf-16"))


def _numbered(env: Environment) -> None:
    for number, heading in enumerate(HEADINGS.values(), 1):
        env.edit("answers.md", f"## {heading}", f"**{number}. {heading}**")


def _underlined(env: Environment) -> None:
    for heading in HEADINGS.values():
        env.edit("answers.md", f"## {heading}", f"{heading}\n{'-' * len(heading)}")


for name, sentence, work in (
    ("in-a-folder", "Each answer is a file of its own, in a folder.", _in_a_folder),
    ("of-windows", "The answers were saved by Notepad, as UTF-16 with the line ends of Windows.", _of_windows),
    ("bold-questions", "The questions are numbered and bold in place of headings.", _numbered),
    ("underlined-headings", "The headings are underlined.", _underlined),
):
    TABLE.add(name, sentence, work, "paper")

for name, sentence, requirement, text in (
    ("algorithms-only-listed", "Algorithms are listed, and nothing is said of them.", "answers.algorithms",
     "XGBoost, k-means, PCA, DeepAR, linear regression."),
    ("other-clouds-only-listed", "Services are listed, and nothing is said of them.", "answers.other-clouds",
     "Google Vertex AI, Microsoft Azure Machine Learning, IBM Watson."),
):  # fmt: skip
    TABLE.add(name, sentence, answered(requirement, text), "paper", requirement)


# What students also call an answer, and how they also hand it in.

for name, sentence, requirement, text in (
    ("no-disadvantages-it-says", "The answer says that there are no disadvantages.", "answers.pros-cons",
     "SageMaker is managed, scalable and integrates with the services that one uses already. There are no disadvantages "
     "that I could think of: the price is fair and its notebooks are easy to use for everybody who knows Python."),
    ("both-sides-and-nothing-said", "The answer weighs advantages and disadvantages and names none.", "answers.pros-cons",
     "There are advantages and there are disadvantages. Whether the advantages outweigh the disadvantages depends on "
     "many things, and everybody has to weigh advantages against disadvantages for themselves before they begin."),
    ("only-the-services-of-the-question", "The question is repeated, and the answer names no service.",
     "answers.integration",
     "**Integration of Sagemaker with other AWS services such as Lambda functions, Kubernetes etc.,**\n\nIt integrates "
     "with everything, because all of it is made by one company, and so the data are stored and the models are trained "
     "and deployed without any glue, and nobody needs another vendor."),
):  # fmt: skip
    TABLE.add(name, sentence, answered(requirement, text), "paper", requirement)


def _as_pdf(env: Environment) -> None:
    (env.submission / "answers.md").rename(env.submission / "answers.pdf")


def _as_pages(env: Environment) -> None:
    (env.submission / "answers.md").rename(env.submission / "answers.pages")


def _of_bytes(env: Environment) -> None:
    (env.submission / "answers.md").write_bytes(bytes(range(256)) * 20)


def _linked(env: Environment) -> None:
    (env.submission / "answers.md").rename(env.context.run_dir / "answers.md")
    (env.submission / "answers.md").symlink_to(env.context.run_dir / "answers.md")


for name, sentence, work in (
    ("renamed-to-pdf", "The answers were renamed to PDF, not exported.", _as_pdf),
    ("as-pages", "The answers are a document of Pages.", _as_pages),
    ("of-bytes", "The file of the answers is broken.", _of_bytes),
    ("linked", "The answers are a link to a file that was not handed in.", _linked),
):
    TABLE.add(name, sentence, work, "paper", *HEADINGS)


def parts(env: Environment) -> list[tuple[str, str]]:
    """Return heading and text of each answer, as handed in."""
    each = re.split(r"(?m)^## ", (env.submission / "answers.md").read_text(encoding="utf-8"))[1:]
    return [(part.partition("\n")[0], part.partition("\n")[2].strip()) for part in each]


def _form(form: str, name: str = "answers.md") -> Callable[[Environment], None]:
    """Write every answer in a form of ``{number}``, ``{heading}`` and ``{text}``."""

    def apply(env: Environment) -> None:
        written = [
            form.format(number=number, heading=heading, text=text)
            for number, (heading, text) in enumerate(parts(env), 1)
        ]
        (env.submission / "answers.md").unlink()
        env.write(name, "".join(written))

    return apply


for name, sentence, work in (
    ("questions-and-answers", "Question and answer stand under each other, as Q and A.",
     _form("Q{number}: {heading}\nA{number}: {text}\n\n")),
    ("heading-of-the-answer", "Each answer has a heading of its own below that of its question.",
     _form("### Question {number}\n{heading}\n\n### Answer\n\n{text}\n\n")),
    ("numbers-only", "The answers are numbered, and the questions not repeated.", _form("{number}) {text}\n\n")),
    ("as-html", "The answers are a page of HTML.", _form("<h2>{heading}</h2>\n<p>{text}</p>\n", "answers.html")),
    ("tags-in-markdown", "The headings are written as HTML.", _form("<b>{heading}</b>\n\n{text}\n\n")),
    ("underlined-by-tildes", "The answers are reStructuredText, underlined by tildes.",
     _form("{heading}\n~~~~~~~~~~~~~~~~~~~~\n\n{text}\n\n", "answers.rst")),
    ("called-readme", "The answers are called README.md.", _form("## {heading}\n\n{text}\n\n", "README.md")),
):  # fmt: skip
    TABLE.add(name, sentence, work, "paper")


# What keeps the place of an answer, and what only repeats its question.

for name, sentence, requirement, text in (
    ("see-the-slides", "The answer refers to the slides.", "answers.sagemaker-value",
     "See above. See the lecture slides on data, training and models, where all of this is answered in detail, and the "
     "page of the documentation that is linked there. I have nothing to add to what is written there about this."),
    ("template-left", "The template's sentence stands where the answer should.", "answers.sagemaker-value",
     "[Insert your answer here. Describe how SageMaker helps data scientists to build, train and deploy models. Write at "
     "least thirty words of your own, and name some features of it, such as notebooks, and how they are of use.]"),
    ("question-in-other-words", "The answer is its question in other words.", "answers.sagemaker-value",
     "SageMaker can help data scientists in many ways. It helps data scientists to do their work with data better and "
     "faster, and it is very useful and valuable for all of them, as was said in the lecture and as everybody knows."),
    ("services-of-the-question", "The answer says that the services which the question names integrate well.",
     "answers.integration",
     "The integration of SageMaker with other AWS services such as Lambda functions and Kubernetes etc. is possible and "
     "works well. It is easy to integrate it with Lambda functions and with Kubernetes and with all the other services."),
    ("notes-to-oneself", "The answer is notes on what is to be written.", "answers.algorithms",
     "TODO: k-means for clusters, XGBoost for tabular data, PCA for dimensions. TODO: ask Ann what she wrote about "
     "regression, and shorten it. TBD whether DeepAR is worth a sentence. To be written: the example with images."),
    ("not-known", "The answer says why there is none.", "answers.other-clouds",
     "I did not get to this question in time, because training took so long and my endpoint did not come up. This "
     "question was not answered for that reason; Vertex AI, Azure Machine Learning and Watson have to wait, sorry."),
):  # fmt: skip
    TABLE.add(name, sentence, answered(requirement, text), "paper", requirement)

for name, sentence, requirement, text in (
    ("short-and-plain", "The answer is short, and in plain words.", "answers.sagemaker-value",
     "It saves them from installing things themselves. They click, get a browser environment with everything in it, run "
     "code on big computers by the hour and share results with colleagues, so research goes faster."),
    ("question-and-answer-in-one", "The answer begins with the question, and answers it.", "answers.sagemaker-value",
     "How can SageMaker help data scientists? It gives them a notebook in minutes, trains a model on rented GPUs, tunes "
     "hyperparameters, deploys to an endpoint and monitors drift, so that they need no operations team."),
    ("plus-and-minus", "The two sides are lists with plus and minus.", "answers.pros-cons",
     "+ No need to install anything, + automatic scaling, + pay as you go. - You don't have full control, - it costs more "
     "than plain EC2, - debugging is difficult since the logs are hidden somewhere in CloudWatch, - learning takes time."),
    ("services-of-the-question-in-use", "The services are those of the question, and it is said how they are used.",
     "answers.integration",
     "We can put a Lambda in front of SageMaker so that a web app can ask for predictions. With Kubernetes one can use "
     "the SageMaker operators to start training from kubectl, and see the jobs beside everything else in the cluster."),
    ("algorithms-by-purpose", "The algorithms are named by what one wants to know.", "answers.algorithms",
     "If I want to know groups of customers I take k-means. If I want to know how much somebody will spend I take linear "
     "regression. If I want to know yes or no I take logistic regression or a decision tree."),
):  # fmt: skip
    TABLE.add(name, sentence, answered(requirement, text), "paper")


def _exported(style: tuple[int, str]) -> Callable[[Environment], None]:
    """Hand the answers in as a PDF whose headings are of a size and a font; all else is of 11 points."""

    def apply(env: Environment) -> None:
        lines = []
        for heading, text in parts(env):
            lines.append((*style, heading))
            lines += [(11, "Helvetica", line) for line in textwrap.wrap(plain(text), 90)]
        (env.submission / "answers.md").unlink()
        (env.submission / "answers.pdf").write_bytes(pdf(*lines))

    return apply


def _of_an_office(env: Environment) -> None:
    text = odt((heading, " ".join(plain(text).split())) for heading, text in parts(env))
    (env.submission / "answers.md").unlink()
    (env.submission / "answers.odt").write_bytes(text)


for name, sentence, work in (
    ("as-pdf", "The answers are a PDF.", _exported((14, "Helvetica-Bold"))),
    ("as-pdf-of-one-font", "The answers are a PDF whose headings look like all else.", _exported((11, "Helvetica"))),
    ("as-open-document", "The answers are an OpenDocument text.", _of_an_office),
):
    TABLE.add(name, sentence, work, "paper")
