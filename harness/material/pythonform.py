"""Python in the form by which cells are compared: quotes, the way a text is put together, and named arguments do not count."""

from __future__ import annotations

import ast
import re

ARGUMENTS = {
    "KMeans": ("role", "instance_count", "instance_type", "k", "init_method", "max_iterations", "tol", "num_trials", "local_init_method", "half_life_time_size",
               "epochs", "center_factor", "eval_metrics", "data_location", "output_path", "sagemaker_session", "tags", "base_job_name", "max_run", "volume_size"),
    "deploy": ("initial_instance_count", "instance_type", "endpoint_name", "wait", "serializer", "deserializer", "tags", "accelerator_type", "data_capture_config"),
}  # fmt: skip
"""Arguments of the SageMaker SDK's calls in their order ("Amazon SageMaker Python SDK" 2.257, sagemaker.readthedocs.io)."""


def called(call: ast.Call) -> str:
    """Return the last name of what is called."""
    function = call.func
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def formed(code: str) -> ast.Module:
    """Return a cell's tree in its form; raises what :func:`ast.parse` raises."""
    tree = ast.parse(code)
    _Form().visit(tree)
    return tree


class _Form(ast.NodeTransformer):
    """Rewrites a tree into its form; what is new stands where that stood which it takes the place of."""

    def visit(self, node: ast.AST) -> ast.AST:
        """Rewrite a node."""
        new: ast.AST = super().visit(node)
        return ast.copy_location(new, node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        """Put in what a cell asks the SDK for, where it gave that a name of its own first."""
        given = {one.targets[0].id: one for one in node.body if isinstance(one, ast.Assign) and _is_asked(one)}  # type: ignore[attr-defined]
        node.body = [one for one in node.body if one not in given.values()]
        self.asked = {name: one.value for name, one in given.items()}
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Put in what a name stands for."""
        return self.asked.get(node.id, node) if isinstance(node.ctx, ast.Load) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        """Make an f-string of texts that are added, and of what ``%`` fills."""
        self.generic_visit(node)
        if isinstance(node.op, ast.Add):
            parts = [part for side in (node.left, node.right) for part in _pieces(side)]
            is_text = any(isinstance(side, ast.JoinedStr) or _is_text(side) for side in (node.left, node.right))
            return _joined(parts) if is_text else node
        if isinstance(node.op, ast.Mod) and _is_text(node.left):
            given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            return _filled(node.left, re.split(r"(%[sd])", node.left.value), given) or node  # type: ignore[attr-defined]
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Name the arguments of calls that are known, and make an f-string of what ``format`` fills."""
        self.generic_visit(node)
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr == "format" and _is_text(function.value):
            return _filled(function.value, re.split(r"(\{\})", function.value.value), node.args) or node  # type: ignore[attr-defined]
        names = ARGUMENTS.get(called(node), ())
        if node.args and len(node.args) <= len(names):
            given = [ast.keyword(name, value) for name, value in zip(names, node.args, strict=False)]
            node.args, node.keywords = [], [*given, *node.keywords]
        return node

    def visit_Slice(self, node: ast.Slice) -> ast.AST:
        """Leave out a zero at which a slice begins anyway."""
        self.generic_visit(node)
        if isinstance(node.lower, ast.Constant) and node.lower.value == 0:
            node.lower = None
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """Take a value that a cell shows for one that it prints."""
        self.generic_visit(node)
        if isinstance(node.value, ast.Name | ast.Subscript | ast.Attribute):
            node.value = ast.copy_location(ast.Call(ast.Name("print"), [node.value], []), node)
        return node


def _is_asked(one: ast.Assign) -> bool:
    """Say whether a statement gives a name to what the SDK answers alike however often it is asked."""
    call, target = one.value, one.targets[0]
    is_bare = isinstance(call, ast.Call) and not call.args and not call.keywords
    return is_bare and isinstance(target, ast.Name) and called(call) in ("Session", "get_execution_role")  # type: ignore[arg-type]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _pieces(node: ast.expr) -> list[ast.expr]:
    """Return the parts of a text; what is no text becomes one that is filled in."""
    if isinstance(node, ast.JoinedStr):
        return node.values
    return [node] if _is_text(node) else [ast.FormattedValue(node, -1)]


def _joined(parts: list[ast.expr]) -> ast.JoinedStr:
    """Return one f-string, its texts that stand side by side as one."""
    merged: list[ast.expr] = []
    for part in parts:
        if merged and _is_text(part) and _is_text(merged[-1]):
            merged[-1] = ast.Constant(merged[-1].value + part.value)  # type: ignore[attr-defined]
        elif not (_is_text(part) and not part.value):  # type: ignore[attr-defined]
            merged.append(part)
    return ast.JoinedStr(merged)


def _filled(text: ast.expr, pieces: list[str], given: list[ast.expr]) -> ast.JoinedStr | None:
    """Return a template with its gaps, every second piece, filled; ``None`` where they are more or less than what is given."""
    if len(pieces) // 2 != len(given) or not given:
        return None
    values = iter(given)
    return _joined(
        [ast.Constant(piece) if i % 2 == 0 else ast.FormattedValue(next(values), -1) for i, piece in enumerate(pieces)]
    )
