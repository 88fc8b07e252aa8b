"""Results of stored runs in the formats of papers and of other tools.

``formats`` lists them. Equal runs give equal bytes: nothing depends on when or where the export
takes place.
"""
