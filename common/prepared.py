"""Queries that are compiled once and then bound again, for reads that happen with every request.

Compiling a queryset to SQL costs several times as much as running it where an index finds the row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.models import Field, Model, QuerySet, Value

Row = TypeVar("Row", bound=Model)


class Parameter(Value):
    """Stands in a queryset for a value that is given when the query is run: ``filter(pk=Parameter("pk", field))``."""

    def __init__(self, name: str, field: Field[Any, Any]) -> None:
        """``field`` converts the value as it does in a filter."""
        super().__init__(None, output_field=field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


@dataclass(frozen=True)
class _Compiled:
    """A query as one connection runs it; ``columns`` are those of ``fields``, ``annotations`` are positions."""

    connection: Any
    model: Any
    sql: str
    values: tuple[Any, ...]  # Each is bound as it is, or is a Parameter.
    columns: slice
    fields: frozenset[str]
    annotations: dict[str, int]
    converters: list[tuple[int, list[Callable[..., Any]], Any]]

    def bind(self, given: dict[str, Any]) -> list[Any]:
        return [
            value.output_field.get_db_prep_value(given[value.name], self.connection)
            if isinstance(value, Parameter)
            else value
            for value in self.values
        ]


class Prepared(Generic[Row]):
    """A queryset that has :class:`Parameter` values in it.

    It is compiled for each database connection, that is in each thread, when it is first run there.
    ``select_related`` and ``prefetch_related`` are not followed; ``only`` and annotations are.
    """

    def __init__(self, queryset: Callable[[], QuerySet[Row, Any]]) -> None:
        """``queryset`` is called to compile it: models are not complete while modules are imported."""
        self.queryset = queryset
        self._of_thread = threading.local()

    def first(self, **given: Any) -> Row | None:
        """The first instance for the parameters' values, or None. Raises KeyError where one is not given."""
        compiled = self._for_this_connection()
        with compiled.connection.cursor() as cursor:
            cursor.execute(compiled.sql, compiled.bind(given))
            row = cursor.fetchone()
        return None if row is None else self._instance(compiled, row)

    def all(self, **given: Any) -> list[Row]:
        """The instances for the parameters' values. Raises KeyError where one is not given."""
        compiled = self._for_this_connection()
        return [self._instance(compiled, row) for row in self._rows(compiled, given)]

    def raw(self, **given: Any) -> list[tuple[Any, ...]]:
        """The rows of a queryset of ``values_list`` as the database's driver returns them, for comparing."""
        return self._rows(self._for_this_connection(), given)

    def _rows(self, compiled: _Compiled, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        with compiled.connection.cursor() as cursor:
            cursor.execute(compiled.sql, compiled.bind(given))
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _instance(self, compiled: _Compiled, found: tuple[Any, ...]) -> Row:
        row = list(found)
        for position, converters, expression in compiled.converters:
            for convert in converters:
                row[position] = convert(row[position], expression, compiled.connection)
        instance: Row = compiled.model.from_db(
            compiled.connection.alias, compiled.fields, row[compiled.columns]
        )
        for name, position in compiled.annotations.items():
            setattr(instance, name, row[position])
        return instance

    def _for_this_connection(self) -> _Compiled:
        kept: _Compiled | None = getattr(self._of_thread, "kept", None)
        if kept is None or kept.connection is not connections[kept.connection.alias]:
            kept = self._of_thread.kept = _compiled(self.queryset())
        return kept


def _compiled(rows: QuerySet[Any, Any]) -> _Compiled:
    connection = connections[rows.db]
    compiler: Any = rows.query.get_compiler(using=rows.db)
    sql, values = compiler.as_sql()
    # Rows of plain values have none.
    positions = compiler.klass_info["select_fields"] if compiler.klass_info else [0, -1]
    columns = slice(positions[0], positions[-1] + 1)
    converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])
    return _Compiled(
        connection=connection,
        model=rows.model,
        sql=sql,
        values=tuple(values),
        columns=columns,
        fields=frozenset(column.target.attname for column, _sql, _alias in compiler.select[columns]),
        annotations=dict(compiler.annotation_col_map or {}),
        converters=[(position, *found) for position, found in converters.items()],
    )
