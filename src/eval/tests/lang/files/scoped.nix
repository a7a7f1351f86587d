# Needs a name that only scopedImport gives.
greeting + " from " + toString __curPos.line
