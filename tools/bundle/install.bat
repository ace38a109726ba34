@echo off
rem Install gunmane @VERSION@ from this folder alone, without any network. Untried on Windows so far.
setlocal
cd /d "%~dp0"
py -@PYTHON@ -c "import venv, ensurepip" 2>nul
if errorlevel 1 (
    echo The wheels of this bundle are for Python @PYTHON@ ^(64 bit^), and "py -@PYTHON@" finds none. Install it first.
    exit /b 1
)
echo Checking the files
py -@PYTHON@ verify.py
if errorlevel 1 exit /b 1
echo Installing into venv
py -@PYTHON@ -m venv --clear venv
if errorlevel 1 exit /b 1
venv\Scripts\python.exe -m pip --isolated install -q --disable-pip-version-check --no-index --find-links wheels --only-binary=:all: -c constraints.txt gunmane==@VERSION@
if errorlevel 1 exit /b 1
venv\Scripts\gunmane.exe regions >nul
if errorlevel 1 exit /b 1
echo Done. Start the app with start.bat, then open http://localhost:8501
